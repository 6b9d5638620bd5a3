#include "core/api/handles.h"
#include "core/runtime/measure.h"

using namespace grok1;

namespace {

void check_options(const grok1_runtime_options& options) {
  if ((options.flags & ~uint32_t{GROK1_RUNTIME_NO_SEARCH}) != 0) {
    fail(GROK1_E_INVALID_ARGUMENT, "grok1_runtime_options.flags: GROK1_RUNTIME_* wanted, found {:#x}", options.flags);
  }
  if (options.log_level < 0 || options.log_level > GROK1_LOG_DEBUG) {
    fail(GROK1_E_INVALID_ARGUMENT, "grok1_runtime_options.log_level: GROK1_LOG_* or 0 wanted, found {}",
         options.log_level);
  }
  for (size_t i = 0; i < options.n_backend_paths; ++i) {
    require(options.backend_paths, "grok1_runtime_options.backend_paths");
    require(options.backend_paths[i], "grok1_runtime_options.backend_paths[i]");
  }
  for (size_t i = 0; i < options.n_backends; ++i) {
    require(options.backends, "grok1_runtime_options.backends");
    require(options.backends[i], "grok1_runtime_options.backends[i]");
  }
}

}  // namespace

grok1_status grok1_runtime_create(const grok1_runtime_options* options, grok1_runtime** runtime, grok1_error* err) {
  return enter(err, [&] {
    const grok1_runtime_options known =
        read_struct<grok1_runtime_options>(options, GROK1_INIT(grok1_runtime_options), "options");
    require(runtime, "runtime");
    check_options(known);
    auto made = std::make_unique<grok1_runtime>();
    made->impl = std::make_shared<Runtime>(known);
    const LogDelivery delivery(made->impl.get());
    *runtime = made.release();
  });
}

void grok1_runtime_release(grok1_runtime* runtime) {
  delete runtime;
}

grok1_status grok1_runtime_load_report(const grok1_runtime* runtime, size_t index, grok1_load_entry* entry) {
  return enter(nullptr, [&] {
    const LoadEntry* found = require(runtime, "runtime").impl->registry().entry(index);
    check_output<grok1_load_entry>(entry, GROK1_INIT(grok1_load_entry), "entry");
    if (found == nullptr) fail(GROK1_E_OUT_OF_RANGE, "no such entry");
    grok1_load_entry value = GROK1_INIT(grok1_load_entry);
    value.backend = found->backend.c_str();
    value.path = found->path.c_str();
    value.state_name = load_state_name(found->state);
    value.reason = found->reason.c_str();
    value.version = found->version.c_str();
    value.state = found->state;
    value.n_devices = found->n_devices;
    write_struct(entry, value);
  });
}

grok1_status grok1_runtime_device(const grok1_runtime* runtime, size_t index, grok1_device_info* info) {
  return enter(nullptr, [&] {
    const DeviceRef* ref = require(runtime, "runtime").impl->registry().device(index);
    check_output<grok1_device_info>(info, GROK1_INIT(grok1_device_info), "info");
    if (ref == nullptr) fail(GROK1_E_OUT_OF_RANGE, "no such device");
    const grok1_backend_device device = Device::info(*ref);
    grok1_device_info value = GROK1_INIT(grok1_device_info);
    value.name = ref->name.c_str();
    value.backend = ref->backend->id.c_str();
    value.description = runtime->impl->keep(device.name);
    value.memory_total = device.memory_total;
    value.memory_free = device.memory_free;
    value.kind = device.kind;
    if ((ref->backend->flags & GROK1_BACKEND_EXPLICIT_ONLY) != 0) value.flags |= GROK1_DEVICE_EXPLICIT_ONLY;
    write_struct(info, value);
  });
}

grok1_status grok1_runtime_measure(grok1_runtime* runtime, size_t index, uint64_t read_bytes, grok1_rates* rates,
                                   grok1_error* err) {
  return enter(err, [&] {
    Runtime& impl = *require(runtime, "runtime").impl;
    check_output<grok1_rates>(rates, GROK1_INIT(grok1_rates), "rates");
    const DeviceRef* ref = impl.registry().device(index);
    if (ref == nullptr) fail(GROK1_E_OUT_OF_RANGE, "index: no device has number {}", index);
    const LogDelivery delivery(&impl);
    write_struct(rates, measure_rates(Device(*ref, ""), read_bytes));
  });
}

grok1_status grok1_cancel_create(grok1_cancel** cancel, grok1_error* err) {
  return enter(err, [&] { require(cancel, "cancel") = new grok1_cancel{std::make_shared<Cancel>()}; });
}

void grok1_cancel_request(grok1_cancel* cancel) {
  if (cancel != nullptr) cancel->impl->request();
}

void grok1_cancel_reset(grok1_cancel* cancel) {
  if (cancel != nullptr) cancel->impl->reset();
}

int32_t grok1_cancel_requested(const grok1_cancel* cancel) {
  return cancel != nullptr && cancel->impl->requested() ? 1 : 0;
}

void grok1_cancel_release(grok1_cancel* cancel) {
  delete cancel;
}
