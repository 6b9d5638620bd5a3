// Steps: created with their scratch, and given the data of a pass, which is refused where it contradicts
// grok1_step_data.
#include "backends/cpu/step.h"

#include <bit>
#include <cmath>
#include <memory>

#include "backends/cpu/binding.h"
#include "backends/cpu/float_state.h"
#include "backends/cpu/queue.h"
#include "backends/cpu/rows.h"
#include "backends/cpu/table.h"

namespace grok1::cpu {
namespace {

std::unique_ptr<Step> described(Device& device, const grok1_step_limits* description) {
  const grok1_step_limits& limits = input(description, GROK1_TYPE_STEP_LIMITS, "limits");
  if (limits.max_rows == 0 || limits.max_chunks == 0 || limits.max_pages == 0)
    refuse(GROK1_E_INVALID_ARGUMENT, "limits: %u rows, %u chunks, %u pages; wanted 1 or more of each", limits.max_rows,
           limits.max_chunks, limits.max_pages);
  if (!std::has_single_bit(limits.page_tokens) || limits.page_tokens < 16 || limits.page_tokens > 256)
    refuse(GROK1_E_INVALID_ARGUMENT, "page_tokens is %u: wanted a power of two, 16 .. 256", limits.page_tokens);
  if (limits.flags != 0) refuse(GROK1_E_UNKNOWN_FIELD, "limits.flags are 0x%x, this backend knows none", limits.flags);
  auto step = std::make_unique<Step>();
  step->device = &device;
  step->model = checked_model(limits.model);
  step->limits = {limits.max_rows, limits.max_chunks, limits.max_pages, limits.max_logit_rows, limits.page_tokens};
  step->act_chunks = cut_into_chunks(0, step->model.d_model, step->model.d_model);
  return step;
}

void check_counts(const Limits& limits, const grok1_step_data& data) {
  if (data.n_rows > limits.rows || data.n_chunks > limits.chunks || data.n_logit_rows > limits.logit_rows)
    refuse(GROK1_E_INVALID_ARGUMENT, "%u rows, %u chunks, %u logit rows: the step's limits are %u, %u, %u", data.n_rows,
           data.n_chunks, data.n_logit_rows, limits.rows, limits.chunks, limits.logit_rows);
  if (data.flags != 0) refuse(GROK1_E_UNKNOWN_FIELD, "data.flags are 0x%x, this backend knows none", data.flags);
  given(data.chunk_begin, "data.chunk_begin");
  if (data.n_rows > 0) given(data.tokens, "data.tokens"), given(data.positions, "data.positions");
  if (data.n_chunks > 0) given(data.page_table, "data.page_table");
  if (data.n_logit_rows > 0) given(data.logit_rows, "data.logit_rows");
}

void check_position(const Step& s, const grok1_step_data& data, uint32_t r, bool first) {
  const uint32_t position = data.positions[r];
  if (!first && position != data.positions[r - 1] + 1)
    refuse(GROK1_E_INVALID_ARGUMENT, "row %u is at position %u after %u: within a chunk positions rise by one", r,
           position, data.positions[r - 1]);
  if (position >= s.model.context || position / s.limits.page_tokens >= s.limits.pages)
    refuse(GROK1_E_INVALID_ARGUMENT, "row %u is at position %u: the context is %u, a sequence has %u pages of %u", r,
           position, s.model.context, s.limits.pages, s.limits.page_tokens);
}

void check_chunks(const Step& s, const grok1_step_data& data) {
  const uint32_t* begin = data.chunk_begin;
  if (begin[0] != 0 || begin[data.n_chunks] != data.n_rows)
    refuse(GROK1_E_INVALID_ARGUMENT, "chunk_begin goes from %u to %u: wanted from 0 to n_rows = %u", begin[0],
           begin[data.n_chunks], data.n_rows);
  for (uint32_t c = 0; c < data.n_chunks; ++c) {
    if (begin[c] > begin[c + 1] || begin[c + 1] > data.n_rows)
      refuse(GROK1_E_INVALID_ARGUMENT, "chunk %u goes from row %u to %u of %u", c, begin[c], begin[c + 1], data.n_rows);
    for (uint32_t r = begin[c]; r < begin[c + 1]; ++r) check_position(s, data, r, r == begin[c]);
  }
}

void check_ids(const Step& s, const grok1_step_data& data) {
  for (uint32_t r = 0; r < data.n_rows; ++r)
    if (data.tokens[r] < 0 || static_cast<uint32_t>(data.tokens[r]) >= s.model.vocab_size)
      refuse(GROK1_E_INVALID_ARGUMENT, "row %u has token %d: the vocabulary is 0 .. %u", r, data.tokens[r],
             s.model.vocab_size - 1);
  for (uint32_t i = 0; i < data.n_logit_rows; ++i)
    if (data.logit_rows[i] >= data.n_rows || (i > 0 && data.logit_rows[i] <= data.logit_rows[i - 1]))
      refuse(GROK1_E_INVALID_ARGUMENT, "logit_rows[%u] is %u: wanted ascending rows below %u", i, data.logit_rows[i],
             data.n_rows);
}

// Two rows that write the same token of the cache would race.
void check_writes(const Step& s, const grok1_step_data& data) {
  uint64_t* end = s.scratch.written;
  for (uint32_t c = 0; c < data.n_chunks; ++c)
    for (uint32_t r = data.chunk_begin[c]; r < data.chunk_begin[c + 1]; ++r) {
      const uint32_t position = data.positions[r], tokens = s.limits.page_tokens;
      const uint64_t page = data.page_table[uint64_t{c} * s.limits.pages + position / tokens];
      *end++ = page * tokens + position % tokens;
    }
  std::sort(s.scratch.written, end);
  const uint64_t* twice = std::adjacent_find(s.scratch.written, end);
  if (twice != end)
    refuse(GROK1_E_INVALID_ARGUMENT, "two rows write page %llu: a page that a pass writes belongs to one sequence only",
           static_cast<unsigned long long>(*twice / s.limits.page_tokens));
}

// Angles in double: at position 8191 a float angle would be off by 2e-4.
void set_rope(Step& s) {
  const uint32_t half = s.model.head_dim / 2;
  for (uint32_t i = 0; i < half; ++i) {
    const double frequency = std::pow(double{s.model.rope_base}, -2.0 * i / s.model.head_dim);
    for (uint32_t r = 0; r < s.pass.n_rows; ++r) {
      const double angle = s.pass.positions[r] * frequency;
      float* pair = s.pass.rope + 2 * (uint64_t{r} * half + i);
      pair[0] = static_cast<float>(std::cos(angle));
      pair[1] = static_cast<float>(std::sin(angle));
    }
  }
}

void take(Step& s, const grok1_step_data& data) {
  Pass& pass = s.pass;
  pass.n_rows = data.n_rows;
  pass.n_logit_rows = data.n_logit_rows;
  std::copy_n(data.tokens, data.n_rows, pass.tokens);
  std::copy_n(data.positions, data.n_rows, pass.positions);
  std::copy_n(data.page_table, uint64_t{data.n_chunks} * s.limits.pages, pass.page_table);
  std::copy_n(data.logit_rows, data.n_logit_rows, pass.logit_rows);
  for (uint32_t c = 0; c < data.n_chunks; ++c)
    std::fill(pass.chunk + data.chunk_begin[c], pass.chunk + data.chunk_begin[c + 1], c);
  set_rope(s);
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
    check_counts(step.limits, data);
    check_chunks(step, data);
    check_ids(step, data);
    check_writes(step, data);
    take(step, data);
  });
}

}  // namespace grok1::cpu
