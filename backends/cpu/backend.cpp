// The CPU backend: threads of its own, weights used where the file is mapped, the same bits whatever the threads, batch
// or chunk (docs/numerics.md). Its queue is synchronous: a call has done its work when it returns. This file holds the
// operator table and the plugin's entry; what a device is, device.h.
#include "backends/cpu/device.h"
#include "backends/cpu/table.h"

namespace grok1::cpu {
namespace {

constexpr grok1_backend_ops kOps = {
    sizeof(grok1_backend_ops),
    0,
    close,
    device_count,
    device_info,
    device_open,
    device_close,
    supports,
    nullptr,  // get_extension: none is offered
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

// The environment is read once, here: a runtime reads it when it is created.
grok1_status open(const grok1_backend_host* host, grok1_backend** backend, const grok1_backend_ops** ops,
                  grok1_error* err) {
  return guarded(err, [&] {
    given(host, "host");
    given(backend, "backend");
    given(ops, "ops");
    hand_out(backend, new Backend{forced_isa_of_environment()});
    *ops = &kOps;
  });
}

}  // namespace

void close(grok1_backend* backend) {
  delete reinterpret_cast<Backend*>(backend);
}

}  // namespace grok1::cpu

GROK1_BACKEND_ENTRY("cpu", "grok1", "0.1.0", 0, grok1::cpu::open)
