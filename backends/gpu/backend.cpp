// The GPU backend: one text for every vendor. This file holds the operator table and the plugin's entry; what differs
// from vendor to vendor is behind vendor/*.h, the kernels are in kernels/, and every other file has the name of what
// the contract calls it.
#include <cstring>

#include "backends/gpu/comm.h"
#include "backends/gpu/device.h"
#include "backends/gpu/table.h"

namespace grok1::accel {
namespace {

const void* GROK1_CALL get_extension(grok1_backend*, const char* id) {
  return id != nullptr && std::strcmp(id, "grok1.comm/1") == 0 ? &kCommOps : nullptr;
}

constexpr grok1_backend_ops kOps = [] {
  grok1_backend_ops ops{};
  ops.struct_size = sizeof ops;
  GROK1_TABLE_FUNCTIONS(GROK1_FILL_SLOT)
  ops.get_extension = get_extension;
  return ops;
}();

// Whether there is a device is device_count's answer, so that it reaches the load report as such.
grok1_status open(const grok1_backend_host* host, grok1_backend** backend, const grok1_backend_ops** ops,
                  grok1_error* err) {
  return guarded(err, [&] {
    given(host, "host");
    given(backend, "backend");
    given(ops, "ops");
    hand_out(backend, new Backend{});
    *ops = &kOps;
  });
}

}  // namespace

void close(grok1_backend* backend) {
  delete reinterpret_cast<Backend*>(backend);
}

}  // namespace grok1::accel

GROK1_BACKEND_ENTRY(gpu::kId, gpu::kVendor, "0.1.0", gpu::kFlags, grok1::accel::open)
