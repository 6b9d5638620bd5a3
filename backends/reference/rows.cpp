// Normed rows and routes of a step: made, moved to other devices and back. The operators that fill them are
// add_norm.cpp, embed.cpp and moe_route.cpp.
#include <memory>

#include "backends/reference/buffer.h"
#include "backends/reference/queue.h"
#include "backends/reference/refusal.h"
#include "backends/reference/step.h"
#include "backends/reference/table.h"

namespace grok1::reference {
namespace {

// The step of a transfer, checked together with its queue.
Step& transfer(grok1_step* handle, grok1_queue* queue) {
  return current(object<Queue>(queue, "queue").device, handle);
}

void check_experts(const Step& step, const int32_t* experts, uint64_t count) {
  for (uint64_t i = 0; i < count; ++i)
    if (experts[i] < 0 || uint32_t(experts[i]) >= step.model.experts)
      refuse(GROK1_E_INVALID_ARGUMENT, "experts[%zu] is %d; the model has %u", i, experts[i], step.model.experts);
}

}  // namespace

grok1_status act_create(grok1_step* handle, grok1_act** act, grok1_error* err) {
  return guarded(err, [&] {
    Step& step = object<Step>(handle, "step");
    given(act, "act");
    hand_out(act, new Act{&step, std::vector<float>(size_product({step.limits.rows, step.model.d_model}))});
  });
}

void act_destroy(grok1_act* act) {
  delete reinterpret_cast<Act*>(act);
}

grok1_status act_export(grok1_step* handle, grok1_queue* queue, const grok1_act* x, grok1_buffer* rows, uint64_t offset,
                        grok1_error* err) {
  return guarded(err, [&] {
    const Step& step = transfer(handle, queue);
    const uint64_t count = uint64_t(step.pass.n_rows()) * step.model.d_model;
    const Act& act = rows_of<Act>(step, x, "act");
    std::copy_n(act.rows.begin(), count, floats(step.device, rows, offset, count, "rows"));
  });
}

grok1_status act_import(grok1_step* handle, grok1_queue* queue, grok1_act* x, const grok1_buffer* rows, uint64_t offset,
                        grok1_error* err) {
  return guarded(err, [&] {
    const Step& step = transfer(handle, queue);
    const uint64_t count = uint64_t(step.pass.n_rows()) * step.model.d_model;
    Act& act = rows_of<Act>(step, x, "act");
    std::copy_n(floats(step.device, rows, offset, count, "rows"), count, act.rows.begin());
  });
}

grok1_status route_create(grok1_step* handle, grok1_route** route, grok1_error* err) {
  return guarded(err, [&] {
    Step& step = object<Step>(handle, "step");
    given(route, "route");
    const uint64_t count = uint64_t(step.limits.rows) * step.model.experts_used;
    hand_out(route, new Route{&step, std::vector<int32_t>(count), std::vector<float>(count)});
  });
}

void route_destroy(grok1_route* route) {
  delete reinterpret_cast<Route*>(route);
}

grok1_status route_export(grok1_step* handle, grok1_queue* queue, const grok1_route* r, grok1_buffer* experts,
                          uint64_t experts_offset, grok1_buffer* gates, uint64_t gates_offset, grok1_error* err) {
  return guarded(err, [&] {
    const Step& step = transfer(handle, queue);
    const uint64_t count = uint64_t(step.pass.n_rows()) * step.model.experts_used;
    const Route& route = rows_of<Route>(step, r, "route");
    int32_t* to_experts = ints(step.device, experts, experts_offset, count, "experts");
    std::copy_n(route.gates.begin(), count, floats(step.device, gates, gates_offset, count, "gates"));
    std::copy_n(route.experts.begin(), count, to_experts);
  });
}

grok1_status route_import(grok1_step* handle, grok1_queue* queue, grok1_route* r, const grok1_buffer* experts,
                          uint64_t experts_offset, const grok1_buffer* gates, uint64_t gates_offset, grok1_error* err) {
  return guarded(err, [&] {
    const Step& step = transfer(handle, queue);
    const uint64_t count = uint64_t(step.pass.n_rows()) * step.model.experts_used;
    Route& route = rows_of<Route>(step, r, "route");
    const int32_t* from_experts = ints(step.device, experts, experts_offset, count, "experts");
    const float* from_gates = floats(step.device, gates, gates_offset, count, "gates");
    check_experts(step, from_experts, count);
    std::copy_n(from_experts, count, route.experts.begin());
    std::copy_n(from_gates, count, route.gates.begin());
  });
}

}  // namespace grok1::reference
