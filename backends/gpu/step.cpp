// Steps: created with their scratch, and given the data of a pass.
#include "backends/gpu/step.h"

#include <algorithm>
#include <cstring>
#include <memory>

#include "backends/gpu/rows.h"
#include "backends/gpu/table.h"

namespace grok1::accel {
namespace {

// Fills in scratch and data; returns the bytes they take.
uint64_t lay_out(Step& s, char* memory) {
  const grok1_model_desc& m = s.model;
  const uint64_t rows = s.limits.rows, choices = size_product({rows, m.experts_used});
  const uint64_t few = std::min<uint64_t>(rows, kFewRows), few_choices = std::min<uint64_t>(choices, kFewChoices);
  const uint64_t q = uint64_t{m.heads} * m.head_dim, kv = uint64_t{m.kv_heads} * m.head_dim, d = m.d_model;
  const uint64_t units = most_units(m), part = uint64_t{kHeads} * (m.head_dim + 2);
  Carver c(memory);
  Scratch& x = s.scratch;
  s.data.tokens = c.take<int32_t>({rows});
  s.data.positions = c.take<uint32_t>({rows});
  s.data.chunk = c.take<uint32_t>({rows});
  s.data.page_table = c.take<uint32_t>({s.limits.chunks, s.limits.pages});
  s.data.logit_rows = c.take<uint32_t>({s.limits.logit_rows});
  s.data.rope = c.take<float>({rows, m.head_dim});
  s.data.max_pages = s.limits.pages;
  s.data_bytes = c.used();
  x.q = c.take<float>({rows, q});
  x.k = c.take<float>({rows, kv});
  x.v = c.take<float>({rows, kv});
  x.attended = c.take<float>({rows, (q + 3) / 4 * 4});
  x.attended_digits = c.take<int8_t>({rows, most_places(q), 2});
  x.attended_scales = c.take<float>({rows, most_blocks(q)});
  x.x_digits = c.take<int8_t>({rows, most_places(d), 2});
  x.x_scales = c.take<float>({rows, most_blocks(d)});
  x.hidden = c.take<float>({choices, (uint64_t{m.ffn} + 3) / 4 * 4});
  x.hidden_digits = c.take<int8_t>({choices, most_places(m.ffn), 2});
  x.hidden_scales = c.take<float>({choices, most_blocks(m.ffn)});
  x.outs = c.take<float>({choices, d});
  x.parts = c.take<float>({few, units, most_splits(s), part});
  x.grouped_begin = c.take<uint32_t>({m.experts + 1});
  x.grouped = c.take<uint32_t>({choices});
  const uint64_t arrivals = c.used();
  x.head_arrivals = c.take<uint32_t>({few, m.heads + 2 * m.kv_heads});
  x.unit_arrivals = c.take<uint32_t>({few, units});
  x.out_arrivals = c.take<uint32_t>({few, most_blocks(q)});
  x.hidden_arrivals = c.take<uint32_t>({few_choices, most_blocks(m.ffn)});
  x.arrivals = reinterpret_cast<char*>(x.head_arrivals);
  x.arrivals_bytes = c.used() - arrivals;
  return c.used();
}

// Kernels of few rows count the floats before a row with 32 bits: wider offsets would take registers they need.
void check_row_offsets(const grok1_model_desc& m, uint64_t rows) {
  const uint64_t most = UINT32_MAX;
  const uint64_t x = size_product({rows, uint64_t{m.d_model} + 3});
  const uint64_t attended = size_product({rows, uint64_t{m.heads} * m.head_dim + 3});
  const uint64_t hidden = size_product({rows, m.experts_used, uint64_t{m.ffn} + 3});
  if (std::max({x, attended, hidden}) <= most) return;
  refuse(GROK1_E_UNSUPPORTED,
         "limits: %llu rows are too many for the GPU; wanted fewer, with at most %llu floats in all at their widest",
         static_cast<unsigned long long>(rows), static_cast<unsigned long long>(most));
}

std::unique_ptr<Step> described(Device& device, const grok1_step_limits* description) {
  const grok1_step_limits& limits = input(description, GROK1_TYPE_STEP_LIMITS, "limits");
  auto step = std::make_unique<Step>(device);
  step->limits = checked_limits(limits);
  step->model = checked_model(limits.model);
  check_row_offsets(step->model, limits.max_rows);
  return step;
}

// The pass in the order of the device's piece.
void stage(const Step& s, const grok1_step_data& data, char* to) {
  const char* base = reinterpret_cast<const char*>(s.data.tokens);
  const auto at = [&](const auto* array) { return to + (reinterpret_cast<const char*>(array) - base); };
  std::memcpy(at(s.data.tokens), data.tokens, data.n_rows * sizeof(int32_t));
  std::memcpy(at(s.data.positions), data.positions, data.n_rows * sizeof(uint32_t));
  std::memcpy(at(s.data.page_table), data.page_table, uint64_t{data.n_chunks} * s.limits.pages * sizeof(uint32_t));
  if (data.n_logit_rows > 0) std::memcpy(at(s.data.logit_rows), data.logit_rows, data.n_logit_rows * sizeof(uint32_t));
  set_chunks(data, reinterpret_cast<uint32_t*>(at(s.data.chunk)));
  set_rope(s.model, data, reinterpret_cast<float*>(at(s.data.rope)));
}

Pass pass_of(const Step& s, const grok1_step_data& data) {
  Pass pass;
  pass.n_rows = data.n_rows;
  pass.n_logit_rows = data.n_logit_rows;
  pass.last_page.assign(data.n_chunks, 0);
  for (uint32_t c = 0; c < data.n_chunks; ++c) {
    if (data.chunk_begin[c] == data.chunk_begin[c + 1]) continue;
    const uint32_t last = data.positions[data.chunk_begin[c + 1] - 1];
    pass.most_positions = std::max(pass.most_positions, last + 1);
    const uint32_t* table = data.page_table + uint64_t{c} * s.limits.pages;
    pass.last_page[c] = *std::max_element(table, table + last / s.limits.page_tokens + 1);
  }
  pass.set = true;
  return pass;
}

}  // namespace

uint32_t most_units(const grok1_model_desc& model) {
  return model.kv_heads * divide_up(model.heads / model.kv_heads, kHeads);
}

uint32_t most_splits(const Step& s) {
  const uint64_t tokens = std::min<uint64_t>(uint64_t{s.limits.pages} * s.limits.page_tokens, s.model.context);
  return static_cast<uint32_t>((tokens + kPositions - 1) / kPositions);
}

Step& current(const Device* device, grok1_step* handle) {
  Step& step = object_of<Step>(device, handle, "step");
  if (!step.pass.set) refuse(GROK1_E_INVALID_ARGUMENT, "the step has no pass: call step_set first");
  return step;
}

grok1_status step_plan(grok1_device* handle, const grok1_step_limits* limits, uint64_t* bytes, grok1_error* err) {
  Device* device = reinterpret_cast<Device*>(handle);
  return on_device(device, err, [&] {
    given(bytes, "bytes");
    const auto step = described(*device, limits);
    *bytes = size_sum({lay_out(*step, nullptr), act_bytes(*step), route_bytes(*step)});
  });
}

grok1_status step_create(grok1_device* handle, const grok1_step_limits* limits, grok1_step** step, grok1_error* err) {
  Device* device = reinterpret_cast<Device*>(handle);
  return on_device(device, err, [&] {
    given(step, "step");
    auto made = described(*device, limits);
    made->memory = DeviceMemory(lay_out(*made, nullptr));
    lay_out(*made, made->memory.data());
    for (PinnedMemory& staged : made->staged) staged = PinnedMemory(made->data_bytes);
    hand_out(step, made.release());
  });
}

void step_destroy(grok1_step* handle) {
  Step* step = reinterpret_cast<Step*>(handle);
  if (step != nullptr) on_device(step->device, nullptr, [&] { delete step; });
}

grok1_status step_set(grok1_step* handle, grok1_queue* queue_handle, const grok1_step_data* args, grok1_error* err) {
  return guarded(err, [&] {
    Step& step = object<Step>(handle, "step");
    const gpu::Selected selected(step.device->number);
    const Queue& queue = object_of<Queue>(step.device, queue_handle, "queue");
    const grok1_step_data& data = input(args, GROK1_TYPE_STEP_DATA, "data");
    if (data.n_rows == 0 || data.n_chunks == 0)
      refuse(GROK1_E_INVALID_ARGUMENT, "%u rows in %u chunks: wanted 1 or more of each", data.n_rows, data.n_chunks);
    check_pass(step.model, step.limits, data, std::vector<uint64_t>(step.limits.rows).data());
    Pass pass = pass_of(step, data);

    const uint32_t turn = step.turn++ % 2;
    gpu::synchronize(step.copied[turn].event);
    stage(step, data, step.staged[turn].data());
    if (!step.cleared) gpu::fill(step.scratch.arrivals, 0, step.scratch.arrivals_bytes, queue.stream);
    step.cleared = true;
    gpu::copy_to_device(step.memory.data(), step.staged[turn].data(), step.data_bytes, queue.stream);
    gpu::record(step.copied[turn].event, queue.stream);
    step.pass = std::move(pass);
  });
}

}  // namespace grok1::accel
