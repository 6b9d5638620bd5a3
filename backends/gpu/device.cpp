// Devices: counted, described, opened, asked what they support. There are no options.
#include "backends/gpu/device.h"

#include <cstdio>

#include "backends/gpu/table.h"

namespace grok1::accel {
namespace {

int checked_number(uint32_t index) {
  const int count = gpu::device_count();
  if (index >= static_cast<uint32_t>(count))
    refuse(GROK1_E_INVALID_ARGUMENT, "device %u is asked for, there are %d", index, count);
  return static_cast<int>(index);
}

}  // namespace

grok1_status device_count(grok1_backend* backend, uint32_t* count, grok1_error* err) {
  return guarded(err, [&] {
    given(backend, "backend");
    given(count, "count") = static_cast<uint32_t>(gpu::device_count());
  });
}

grok1_status device_info(grok1_backend* backend, uint32_t index, grok1_backend_device* info, grok1_error* err) {
  return guarded(err, [&] {
    given(backend, "backend");
    const gpu::Properties properties = gpu::properties(checked_number(index));
    grok1_backend_device answer = GROK1_INIT(grok1_backend_device);
    std::snprintf(answer.name, sizeof answer.name, "%s", properties.name.c_str());
    answer.memory_total = properties.memory_total;
    answer.memory_free = properties.memory_free;
    answer.kind = GROK1_DEVICE_GPU;
    answer.flags = GROK1_DEVICE_ASYNC;
    output(info, GROK1_TYPE_BACKEND_DEVICE, "info", answer);
  });
}

grok1_status device_open(grok1_backend* backend, uint32_t index, const char* options, grok1_device** device,
                         grok1_error* err) {
  return guarded(err, [&] {
    given(backend, "backend");
    given(options, "options");
    given(device, "device");
    const int number = checked_number(index);
    hand_out(device, new Device{number, kernels_of(gpu::properties(number).wave)});
  });
}

void device_close(grok1_device* device) {
  delete reinterpret_cast<Device*>(device);
}

grok1_status supports(grok1_device* device, uint32_t what, uint32_t a, uint32_t b, uint32_t c, grok1_error* err) {
  return guarded(err, [&] {
    given(device, "device");
    if (what == GROK1_SUPPORT_CACHE && a == GROK1_CACHE_I8)
      refuse(GROK1_E_UNSUPPORTED, "cache type I8 (4): the GPU has F32 (1), BF16 (2) and F16 (3); the CPU has all four");
    check_supported(kOffer, what, a, b, c);
  });
}

}  // namespace grok1::accel
