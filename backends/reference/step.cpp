// Steps: all scratch at creation, and the data of a pass.
#include "backends/reference/step.h"

#include <memory>

#include "backends/reference/queue.h"
#include "backends/reference/refusal.h"
#include "backends/reference/table.h"

namespace grok1::reference {
namespace {

Step described(const grok1_device* device, const grok1_step_limits* description) {
  const grok1_step_limits& limits = input(description, GROK1_TYPE_STEP_LIMITS, "limits");
  const Limits checked = checked_limits(limits);
  return Step{device, checked_model(limits.model), checked, {}, {}, {}};
}

// Scratch, pass data, one act and one route.
uint64_t bytes_of(const Step& s) {
  const grok1_model_desc& m = s.model;
  const uint64_t rows = s.limits.rows;
  const uint64_t row_doubles = size_product({2, m.head_dim, uint64_t(m.heads) + m.kv_heads}) +
                               size_product({s.limits.pages, s.limits.page_tokens}) + 2 * uint64_t(m.ffn) +
                               2 * uint64_t(m.d_model) + m.experts;
  const uint64_t pass =
      20 * rows + size_product({s.limits.chunks, s.limits.pages, 4}) + 4 * uint64_t(s.limits.logit_rows);
  const uint64_t shown = 4 * std::max<uint64_t>(size_product({m.heads, m.head_dim}), m.ffn);
  return size_product({row_doubles, 8}) + shown + pass + size_product({rows, m.d_model, 4}) +
         size_product({rows, m.experts_used, 8});
}

void make_scratch(Step& s) {
  const grok1_model_desc& m = s.model;
  s.scratch.q.resize(size_product({m.heads, m.head_dim}));
  s.scratch.attended.resize(s.scratch.q.size());
  s.scratch.k.resize(size_product({m.kv_heads, m.head_dim}));
  s.scratch.v.resize(s.scratch.k.size());
  s.scratch.l.resize(size_product({s.limits.pages, s.limits.page_tokens}));
  s.scratch.gate.resize(m.ffn), s.scratch.up.resize(m.ffn);
  s.scratch.row.resize(m.d_model), s.scratch.sum.resize(m.d_model);
  s.scratch.expert.resize(m.experts);
  s.scratch.written.resize(s.limits.rows);
  s.scratch.shown.resize(std::max<size_t>(s.scratch.q.size(), m.ffn));
  s.pass.tokens.reserve(s.limits.rows), s.pass.positions.reserve(s.limits.rows), s.pass.chunk.reserve(s.limits.rows);
  s.pass.page_table.reserve(size_product({s.limits.chunks, s.limits.pages}));
  s.pass.logit_rows.reserve(s.limits.logit_rows);
}

void take(Step& s, const grok1_step_data& data) {
  Pass& pass = s.pass;
  pass.tokens.assign(data.tokens, data.tokens + data.n_rows);
  pass.positions.assign(data.positions, data.positions + data.n_rows);
  pass.page_table.assign(data.page_table, data.page_table + uint64_t(data.n_chunks) * s.limits.pages);
  pass.logit_rows.assign(data.logit_rows, data.logit_rows + data.n_logit_rows);
  pass.chunk.resize(data.n_rows);
  set_chunks(data, pass.chunk.data());
  pass.set = true;
}

}  // namespace

Step& current(const grok1_device* device, grok1_step* handle) {
  Step& step = object_of<Step>(device, handle, "step");
  if (!step.pass.set) refuse(GROK1_E_INVALID_ARGUMENT, "the step has no pass; call step_set first");
  return step;
}

void show_row(Step& step, const InputsOf& of, const std::vector<double>& row, uint64_t width) {
  if (!step.onlooker.is_there()) return;
  for (uint64_t i = 0; i < width; ++i) step.scratch.shown[i] = float(row[i]);
  step.onlooker.show(of, step.scratch.shown.data(), 1, width);
}

grok1_status step_plan(grok1_device* device, const grok1_step_limits* limits, uint64_t* bytes, grok1_error* err) {
  return guarded(err, [&] {
    given(device, "device");
    given(bytes, "bytes") = bytes_of(described(device, limits));
  });
}

grok1_status step_create(grok1_device* device, const grok1_step_limits* limits, grok1_step** step, grok1_error* err) {
  return guarded(err, [&] {
    given(device, "device");
    given(step, "step");
    auto made = std::make_unique<Step>(described(device, limits));
    bytes_of(*made);
    make_scratch(*made);
    hand_out(step, made.release());
  });
}

void step_destroy(grok1_step* step) {
  delete reinterpret_cast<Step*>(step);
}

grok1_status step_set(grok1_step* handle, grok1_queue* queue, const grok1_step_data* args, grok1_error* err) {
  return guarded(err, [&] {
    Step& step = object<Step>(handle, "step");
    object_of<Queue>(step.device, queue, "queue");
    const grok1_step_data& data = input(args, GROK1_TYPE_STEP_DATA, "data");
    check_pass(step.model, step.limits, data, step.scratch.written.data());
    take(step, data);
  });
}

}  // namespace grok1::reference
