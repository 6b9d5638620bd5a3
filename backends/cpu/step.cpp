// Steps: created with their scratch, and given the data of a pass.
#include "backends/cpu/step.h"

#include <memory>

#include "backends/cpu/float_state.h"
#include "backends/cpu/queue.h"
#include "backends/cpu/rows.h"
#include "backends/cpu/table.h"

namespace grok1::cpu {
namespace {

std::unique_ptr<Step> described(Device& device, const grok1_step_limits* description) {
  const grok1_step_limits& limits = input(description, GROK1_TYPE_STEP_LIMITS, "limits");
  auto step = std::make_unique<Step>();
  step->device = &device;
  step->limits = checked_limits(limits);
  step->model = checked_model(limits.model);
  step->act_chunks = cut_into_chunks(0, step->model.d_model, step->model.d_model);
  return step;
}

void take(Step& s, const grok1_step_data& data) {
  Pass& pass = s.pass;
  pass.n_rows = data.n_rows;
  pass.n_logit_rows = data.n_logit_rows;
  std::copy_n(data.tokens, data.n_rows, pass.tokens);
  std::copy_n(data.positions, data.n_rows, pass.positions);
  std::copy_n(data.page_table, uint64_t{data.n_chunks} * s.limits.pages, pass.page_table);
  std::copy_n(data.logit_rows, data.n_logit_rows, pass.logit_rows);
  set_chunks(data, pass.chunk);
  set_rope(s.model, data, pass.rope);
  pass.set = true;
}

}  // namespace

Step& current(const Device* device, grok1_step* handle) {
  Step& step = object_of<Step>(device, handle, "step");
  if (!step.pass.set) refuse(GROK1_E_INVALID_ARGUMENT, "the step has no pass: call step_set first");
  return step;
}

grok1_status step_plan(grok1_device* device, const grok1_step_limits* limits, uint64_t* bytes, grok1_error* err) {
  return guarded(err, [&] {
    Device& self = object<Device>(device, "device");
    given(bytes, "bytes");
    const auto step = described(self, limits);
    *bytes = size_sum({lay_out(*step, nullptr), act_bytes(*step), route_bytes(*step)});
  });
}

grok1_status step_create(grok1_device* device, const grok1_step_limits* limits, grok1_step** step, grok1_error* err) {
  return guarded(err, [&] {
    Device& self = object<Device>(device, "device");
    given(step, "step");
    auto made = described(self, limits);
    made->memory = Memory(lay_out(*made, nullptr));
    lay_out(*made, made->memory.data());
    for (uint32_t thread = 0; self.onednn != nullptr && thread < self.threads.count(); ++thread)
      made->onednn.push_back(self.onednn->make_thread());
    hand_out(step, made.release());
  });
}

void step_destroy(grok1_step* step) {
  delete reinterpret_cast<Step*>(step);
}

grok1_status step_set(grok1_step* handle, grok1_queue* queue, const grok1_step_data* args, grok1_error* err) {
  return computing(err, [&] {
    Step& step = object<Step>(handle, "step");
    object_of<Queue>(step.device, queue, "queue");
    const grok1_step_data& data = input(args, GROK1_TYPE_STEP_DATA, "data");
    check_pass(step.model, step.limits, data, step.scratch.written);
    take(step, data);
  });
}

}  // namespace grok1::cpu
