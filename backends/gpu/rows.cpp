// Acts and routes: made, and carried to and from buffers of the host.
#include "backends/gpu/rows.h"

#include <memory>

#include "backends/gpu/buffer.h"
#include "backends/gpu/table.h"

namespace grok1::accel {
namespace {

uint64_t lay_out(const Step& s, RowsOut& rows, char* memory) {
  const uint32_t d = s.model.d_model;
  Carver c(memory);
  rows.split = whole(d);
  rows.stride = round_up(d, 4);
  rows.values = c.take<float>({s.limits.rows, rows.stride});
  rows.digits = c.take<int8_t>({s.limits.rows, rows.split.padded(), 2});
  rows.scales = c.take<float>({s.limits.rows, rows.split.blocks()});
  return c.used();
}

uint64_t lay_out(const Step& s, Choices& choices, char* memory) {
  Carver c(memory);
  choices.experts = c.take<int32_t>({s.limits.rows, s.model.experts_used});
  choices.gates = c.take<float>({s.limits.rows, s.model.experts_used});
  return c.used();
}

Choices make_choices(const Step& s) {
  Choices choices{};
  choices.memory = DeviceMemory(lay_out(s, choices, nullptr));
  lay_out(s, choices, choices.memory.data());
  return choices;
}

// A call that carries rows: its step, with a pass, and queue.
struct Transfer {
  Queue& queue;
  Step& step;
  gpu::Selected selected;

  Transfer(grok1_step* handle, grok1_queue* queue_handle)
      : queue(object<Queue>(queue_handle, "queue")),
        step(current(queue.device, handle)),
        selected(queue.device->number) {}
  uint64_t floats() const { return uint64_t{step.pass.n_rows} * step.model.d_model; }
  uint64_t choices() const { return uint64_t{step.pass.n_rows} * step.model.experts_used; }
};

Range device_range(const void* data, uint64_t size) {
  return {static_cast<char*>(const_cast<void*>(data)), size, false};
}

}  // namespace

uint64_t act_bytes(const Step& step) {
  RowsOut rows{};
  return size_sum({lay_out(step, rows, nullptr), route_bytes(step)});
}

uint64_t route_bytes(const Step& step) {
  Choices choices{};
  return lay_out(step, choices, nullptr);
}

RouteOut route_out(const Layer& layer, const Choices& choices) {
  return {layer.router->matrix, choices.experts, choices.gates, layer.model.experts_used};
}

Rows rows_for(const Step& step, const Act& x, const Matrix& matrix, const Queue& queue) {
  if (matrix.element != Element::i8 || matrix.split == x.rows.split) return x.in();
  const Scratch& s = step.scratch;
  step.device->kernels.quantise({x.rows.values, x.rows.stride, step.pass.n_rows, matrix.split, s.x_digits, s.x_scales},
                                queue.stream);
  return {x.rows.values, s.x_digits, s.x_scales, x.rows.stride};
}

grok1_status act_create(grok1_step* handle, grok1_act** act, grok1_error* err) {
  return guarded(err, [&] {
    Step& step = object<Step>(handle, "step");
    const gpu::Selected selected(step.device->number);
    given(act, "act");
    auto made = std::make_unique<Act>(Act{&step, {}, {}, make_choices(step), nullptr});
    made->memory = DeviceMemory(lay_out(step, made->rows, nullptr));
    lay_out(step, made->rows, made->memory.data());
    hand_out(act, made.release());
  });
}

void act_destroy(grok1_act* handle) {
  Act* act = reinterpret_cast<Act*>(handle);
  if (act != nullptr) on_device(act->step->device, nullptr, [&] { delete act; });
}

grok1_status act_export(grok1_step* handle, grok1_queue* queue, const grok1_act* x, grok1_buffer* rows, uint64_t offset,
                        grok1_error* err) {
  return guarded(err, [&] {
    const Transfer t(handle, queue);
    const Act& act = rows_of<Act>(t.step, x, "act");
    const Range to = words_in(t.step.device, rows, offset, t.floats(), "rows");
    float* packed = t.step.scratch.outs;
    t.step.device->kernels.copy_rows(packed, act.rows.values, t.step.pass.n_rows, t.step.model.d_model, act.rows.stride,
                                     t.queue.stream);
    copy_range(t.queue, to, device_range(packed, to.size));
  });
}

grok1_status act_import(grok1_step* handle, grok1_queue* queue, grok1_act* x, const grok1_buffer* rows, uint64_t offset,
                        grok1_error* err) {
  return guarded(err, [&] {
    const Transfer t(handle, queue);
    Act& act = rows_of<Act>(t.step, x, "act");
    const Range from = words_in(t.step.device, rows, offset, t.floats(), "rows");
    const Range packed = device_range(t.step.scratch.outs, from.size);
    copy_range(t.queue, packed, from);
    NormArgs args{};
    args.rows = reinterpret_cast<const float*>(packed.data);
    args.d = t.step.model.d_model;
    args.n_rows = t.step.pass.n_rows;
    args.x = act.rows;
    act.routed_for = nullptr;
    t.step.device->kernels.norm(args, t.queue.stream);
  });
}

grok1_status route_create(grok1_step* handle, grok1_route** route, grok1_error* err) {
  return guarded(err, [&] {
    Step& step = object<Step>(handle, "step");
    const gpu::Selected selected(step.device->number);
    given(route, "route");
    hand_out(route, new Route{&step, make_choices(step)});
  });
}

void route_destroy(grok1_route* handle) {
  Route* route = reinterpret_cast<Route*>(handle);
  if (route != nullptr) on_device(route->step->device, nullptr, [&] { delete route; });
}

grok1_status route_export(grok1_step* handle, grok1_queue* queue, const grok1_route* r, grok1_buffer* experts,
                          uint64_t experts_offset, grok1_buffer* gates, uint64_t gates_offset, grok1_error* err) {
  return guarded(err, [&] {
    const Transfer t(handle, queue);
    const Route& route = rows_of<Route>(t.step, r, "route");
    const Range to_experts = words_in(t.step.device, experts, experts_offset, t.choices(), "experts");
    const Range to_gates = words_in(t.step.device, gates, gates_offset, t.choices(), "gates");
    copy_range(t.queue, to_experts, device_range(route.choices.experts, to_experts.size));
    copy_range(t.queue, to_gates, device_range(route.choices.gates, to_gates.size));
  });
}

// An expert that the model does not have is nobody's: kernels pass over it.
grok1_status route_import(grok1_step* handle, grok1_queue* queue, grok1_route* r, const grok1_buffer* experts,
                          uint64_t experts_offset, const grok1_buffer* gates, uint64_t gates_offset, grok1_error* err) {
  return guarded(err, [&] {
    const Transfer t(handle, queue);
    Route& route = rows_of<Route>(t.step, r, "route");
    const Range from_experts = words_in(t.step.device, experts, experts_offset, t.choices(), "experts");
    const Range from_gates = words_in(t.step.device, gates, gates_offset, t.choices(), "gates");
    copy_range(t.queue, device_range(route.choices.experts, from_experts.size), from_experts);
    copy_range(t.queue, device_range(route.choices.gates, from_gates.size), from_gates);
  });
}

}  // namespace grok1::accel
