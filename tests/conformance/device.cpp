// Opening and closing; what it is for is in device.h.
#include "tests/conformance/device.h"

#include <cstddef>

namespace grok1::conformance {
namespace {

void GROK1_CALL drop_message(void*, int32_t, const char*, size_t) {}

constexpr grok1_backend_host kHost{sizeof(grok1_backend_host), GROK1_BACKEND_ABI_MAJOR, GROK1_BACKEND_ABI_MINOR,
                                   nullptr, drop_message};

struct Required {
  const char* name;
  size_t offset;
};
#define GROK1_REQUIRED(name) \
  { #name, offsetof(grok1_backend_ops, name) }
constexpr Required kRequired[] = {
    GROK1_REQUIRED(close),         GROK1_REQUIRED(device_count),  GROK1_REQUIRED(device_info),
    GROK1_REQUIRED(device_open),   GROK1_REQUIRED(device_close),  GROK1_REQUIRED(supports),
    GROK1_REQUIRED(buffer_alloc),  GROK1_REQUIRED(buffer_free),   GROK1_REQUIRED(buffer_map),
    GROK1_REQUIRED(copy),          GROK1_REQUIRED(fill),          GROK1_REQUIRED(queue_create),
    GROK1_REQUIRED(queue_destroy), GROK1_REQUIRED(queue_sync),    GROK1_REQUIRED(event_create),
    GROK1_REQUIRED(event_destroy), GROK1_REQUIRED(event_record),  GROK1_REQUIRED(queue_wait),
    GROK1_REQUIRED(event_wait),    GROK1_REQUIRED(weight_plan),   GROK1_REQUIRED(weight_begin),
    GROK1_REQUIRED(weight_chunk),  GROK1_REQUIRED(weight_end),    GROK1_REQUIRED(weight_free),
    GROK1_REQUIRED(layer_bind),    GROK1_REQUIRED(layer_free),    GROK1_REQUIRED(lm_head_bind),
    GROK1_REQUIRED(lm_head_free),  GROK1_REQUIRED(kv_plan),       GROK1_REQUIRED(kv_create),
    GROK1_REQUIRED(kv_destroy),    GROK1_REQUIRED(kv_copy_pages), GROK1_REQUIRED(kv_export),
    GROK1_REQUIRED(kv_import),     GROK1_REQUIRED(step_plan),     GROK1_REQUIRED(step_create),
    GROK1_REQUIRED(step_destroy),  GROK1_REQUIRED(step_set),      GROK1_REQUIRED(act_create),
    GROK1_REQUIRED(act_destroy),   GROK1_REQUIRED(act_export),    GROK1_REQUIRED(act_import),
    GROK1_REQUIRED(route_create),  GROK1_REQUIRED(route_destroy), GROK1_REQUIRED(route_export),
    GROK1_REQUIRED(route_import),  GROK1_REQUIRED(embed),         GROK1_REQUIRED(attention),
    GROK1_REQUIRED(add_norm),      GROK1_REQUIRED(moe_route),     GROK1_REQUIRED(moe_experts),
    GROK1_REQUIRED(accumulate),    GROK1_REQUIRED(logits)};
#undef GROK1_REQUIRED

}  // namespace

std::string missing_functions(const grok1_backend_ops& ops) {
  std::string missing;
  for (const Required& slot : kRequired) {
    void (*function)() = nullptr;
    if (slot.offset + sizeof function <= ops.struct_size)
      std::memcpy(&function, reinterpret_cast<const char*>(&ops) + slot.offset, sizeof function);
    if (function == nullptr) missing += (missing.empty() ? "" : ", ") + std::string(slot.name);
  }
  return missing;
}

Device::Device(const grok1_backend_descriptor& descriptor, uint32_t index, const std::string& options) {
  call("open", descriptor.open, &kHost, &backend_, &ops_);
  try {
    if (const std::string missing = missing_functions(*ops_); !missing.empty())
      throw std::runtime_error("required functions are missing from the table: " + missing);
    uint32_t count = 0;
    call("device_count", ops_->device_count, backend_, &count);
    grok1_error err = GROK1_INIT(grok1_error);
    if (count == 0) throw CallFailed("device_count says 0 devices; it", GROK1_E_NOT_FOUND, err);
    call("device_info", ops_->device_info, backend_, index, &info_);
    call("device_open", ops_->device_open, backend_, index, options.c_str(), &device_);
    call("queue_create", ops_->queue_create, device_, &queue_);
  } catch (...) {
    if (device_ != nullptr) ops_->device_close(device_);
    if (ops_->close != nullptr) ops_->close(backend_);
    throw;
  }
}

Device::~Device() {
  ops_->queue_destroy(queue_);
  ops_->device_close(device_);
  ops_->close(backend_);
}

std::string Device::unsupported(uint32_t what, uint32_t a, uint32_t b, uint32_t c) const {
  grok1_error err = GROK1_INIT(grok1_error);
  const grok1_status status = ops_->supports(device_, what, a, b, c, &err);
  if (status == GROK1_OK) return "";
  EXPECT_EQ(status, GROK1_E_UNSUPPORTED) << "Contract: \"GROK1_E_UNSUPPORTED with the reason if not\"";
  EXPECT_STRNE(err.message, "") << "Contract: \"GROK1_E_UNSUPPORTED with the reason if not\"";
  return std::string(err.message) + " ";
}

}  // namespace grok1::conformance
