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

constexpr grok1_backend_ops kOps = {
    sizeof(grok1_backend_ops),
    0,
    close,
    device_count,
    device_info,
    device_open,
    device_close,
    supports,
    get_extension,
    buffer_alloc,
    buffer_free,
    buffer_map,
    copy,
    fill,
    queue_create,
    queue_destroy,
    queue_sync,
    event_create,
    event_destroy,
    event_record,
    queue_wait,
    event_wait,
    weight_plan,
    weight_begin,
    weight_chunk,
    weight_end,
    weight_free,
    layer_bind,
    layer_free,
    lm_head_bind,
    lm_head_free,
    kv_plan,
    kv_create,
    kv_destroy,
    kv_copy_pages,
    kv_export,
    kv_import,
    step_plan,
    step_create,
    step_destroy,
    step_set,
    act_create,
    act_destroy,
    act_export,
    act_import,
    route_create,
    route_destroy,
    route_export,
    route_import,
    embed,
    attention,
    add_norm,
    moe_route,
    moe_experts,
    accumulate,
    logits,
};

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
