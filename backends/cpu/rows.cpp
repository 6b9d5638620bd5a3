// Acts and routes: made, moved to other devices and back. Operators that write them: embed.cpp, add_norm.cpp,
// moe_route.cpp.
#include "backends/cpu/rows.h"

#include <memory>

#include "backends/cpu/buffer.h"
#include "backends/cpu/float_state.h"
#include "backends/cpu/linear.h"
#include "backends/cpu/queue.h"
#include "backends/cpu/table.h"

namespace grok1::cpu {
namespace {

struct ActSizes {
  uint64_t floats, digits, scales;  // bytes, each a multiple of 64
  explicit ActSizes(const Step& s)
      : floats(rounded(s, s.model.d_model, sizeof(float))),
        digits(rounded(s, digit_stride(s.model.d_model), sizeof(int16_t))),
        scales(rounded(s, s.act_chunks.blocks, sizeof(float))) {}
  static uint64_t rounded(const Step& s, uint64_t count, uint64_t bytes) {
    return size_sum({size_product({s.limits.rows, count, bytes}), 63}) / 64 * 64;
  }
};

uint64_t choices(const Step& s) {
  return size_product({s.limits.rows, s.model.experts_used});
}

Step& transfer(grok1_step* handle, grok1_queue* queue) {
  return current(object<Queue>(queue, "queue").device, handle);
}

}  // namespace

void Act::quantise_row(uint32_t row) {
  const uint64_t d = step->model.d_model;
  for (const Chunk& chunk : step->act_chunks.list)
    step->device->kernels.quantise(rows + row * d, chunk, step->device->most_digit(), digits + row * digit_stride(d),
                                   scales + uint64_t{row} * step->act_chunks.blocks);
}

uint64_t act_bytes(const Step& step) {
  const ActSizes sizes(step);
  return size_sum({sizes.floats, sizes.digits, sizes.scales});
}

uint64_t route_bytes(const Step& step) {
  return size_product({choices(step), sizeof(int32_t) + sizeof(float)});
}

grok1_status act_create(grok1_step* handle, grok1_act** act, grok1_error* err) {
  return guarded(err, [&] {
    const Step& step = object<Step>(handle, "step");
    given(act, "act");
    const ActSizes sizes(step);
    auto made = std::make_unique<Act>(Act{&step, Memory(act_bytes(step)), nullptr, nullptr, nullptr});
    char* base = made->memory.data();
    made->rows = reinterpret_cast<float*>(base);
    made->digits = reinterpret_cast<int16_t*>(base + sizes.floats);
    made->scales = reinterpret_cast<float*>(base + sizes.floats + sizes.digits);
    hand_out(act, made.release());
  });
}

void act_destroy(grok1_act* act) {
  delete reinterpret_cast<Act*>(act);
}

grok1_status act_export(grok1_step* handle, grok1_queue* queue, const grok1_act* x, grok1_buffer* rows, uint64_t offset,
                        grok1_error* err) {
  return guarded(err, [&] {
    const Step& step = transfer(handle, queue);
    const uint64_t count = uint64_t{step.pass.n_rows} * step.model.d_model;
    const Act& act = rows_of<Act>(step, x, "act");
    std::copy_n(act.rows, count, floats_in(step.device, rows, offset, count, "rows"));
  });
}

grok1_status act_import(grok1_step* handle, grok1_queue* queue, grok1_act* x, const grok1_buffer* rows, uint64_t offset,
                        grok1_error* err) {
  return computing(err, [&] {
    const Step& step = transfer(handle, queue);
    const uint64_t count = uint64_t{step.pass.n_rows} * step.model.d_model;
    Act& act = rows_of<Act>(step, x, "act");
    std::copy_n(floats_in(step.device, rows, offset, count, "rows"), count, act.rows);
    step.device->threads.run(step.pass.n_rows,
                             [&](uint64_t r, uint32_t) { act.quantise_row(static_cast<uint32_t>(r)); });
  });
}

grok1_status route_create(grok1_step* handle, grok1_route** route, grok1_error* err) {
  return guarded(err, [&] {
    const Step& step = object<Step>(handle, "step");
    given(route, "route");
    auto made = std::make_unique<Route>(Route{&step, Memory(route_bytes(step)), nullptr, nullptr});
    made->experts = reinterpret_cast<int32_t*>(made->memory.data());
    made->gates = reinterpret_cast<float*>(made->experts + choices(step));
    hand_out(route, made.release());
  });
}

void route_destroy(grok1_route* route) {
  delete reinterpret_cast<Route*>(route);
}

grok1_status route_export(grok1_step* handle, grok1_queue* queue, const grok1_route* r, grok1_buffer* experts,
                          uint64_t experts_offset, grok1_buffer* gates, uint64_t gates_offset, grok1_error* err) {
  return guarded(err, [&] {
    const Step& step = transfer(handle, queue);
    const uint64_t count = uint64_t{step.pass.n_rows} * step.model.experts_used;
    const Route& route = rows_of<Route>(step, r, "route");
    int32_t* to_experts = ints_in(step.device, experts, experts_offset, count, "experts");
    float* to_gates = floats_in(step.device, gates, gates_offset, count, "gates");
    std::copy_n(route.experts, count, to_experts);
    std::copy_n(route.gates, count, to_gates);
  });
}

grok1_status route_import(grok1_step* handle, grok1_queue* queue, grok1_route* r, const grok1_buffer* experts,
                          uint64_t experts_offset, const grok1_buffer* gates, uint64_t gates_offset, grok1_error* err) {
  return guarded(err, [&] {
    const Step& step = transfer(handle, queue);
    const uint64_t count = uint64_t{step.pass.n_rows} * step.model.experts_used;
    Route& route = rows_of<Route>(step, r, "route");
    const int32_t* from_experts = ints_in(step.device, experts, experts_offset, count, "experts");
    const float* from_gates = floats_in(step.device, gates, gates_offset, count, "gates");
    for (uint64_t i = 0; i < count; ++i)
      if (from_experts[i] < 0 || static_cast<uint32_t>(from_experts[i]) >= step.model.experts)
        refuse(GROK1_E_INVALID_ARGUMENT, "experts[%llu] is %d: the model has %u", static_cast<unsigned long long>(i),
               from_experts[i], step.model.experts);
    std::copy_n(from_experts, count, route.experts);
    std::copy_n(from_gates, count, route.gates);
  });
}

}  // namespace grok1::cpu
