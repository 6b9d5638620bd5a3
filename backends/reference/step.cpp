// Steps: all scratch at creation, and step_set, which refuses a pass that contradicts grok1_step_data.
#include "backends/reference/step.h"

#include <bit>
#include <memory>

#include "backends/reference/binding.h"
#include "backends/reference/queue.h"
#include "backends/reference/refusal.h"
#include "backends/reference/table.h"

namespace grok1::reference {
namespace {

Step described(const grok1_device* device, const grok1_step_limits* description) {
  const grok1_step_limits& limits = input(description, GROK1_TYPE_STEP_LIMITS, "limits");
  if (limits.max_rows == 0 || limits.max_chunks == 0 || limits.max_pages == 0)
    refuse(GROK1_E_INVALID_ARGUMENT, "limits: %u rows, %u chunks, %u pages; wanted at least 1 of each", limits.max_rows,
           limits.max_chunks, limits.max_pages);
  if (!std::has_single_bit(limits.page_tokens) || limits.page_tokens < 16 || limits.page_tokens > 256)
    refuse(GROK1_E_INVALID_ARGUMENT, "page_tokens is %u; wanted a power of two, 16 .. 256", limits.page_tokens);
  if (limits.flags != 0) refuse(GROK1_E_UNKNOWN_FIELD, "flags are %u, none is known here", limits.flags);
  return Step{device,
              model_numbers(limits.model),
              limits.max_rows,
              limits.max_chunks,
              limits.max_pages,
              limits.max_logit_rows,
              limits.page_tokens,
              {},
              {}};
}

// Scratch, pass data, one act and one route.
uint64_t bytes_of(const Step& s) {
  const grok1_model_desc& m = s.model;
  const uint64_t rows = s.max_rows;
  const uint64_t row_doubles = size_product({2, m.head_dim, uint64_t(m.heads) + m.kv_heads}) +
                               size_product({s.max_pages, s.page_tokens}) + 2 * uint64_t(m.ffn) +
                               2 * uint64_t(m.d_model) + m.experts;
  const uint64_t pass = 20 * rows + size_product({s.max_chunks, s.max_pages, 4}) + 4 * uint64_t(s.max_logit_rows);
  return size_product({row_doubles, 8}) + pass + size_product({rows, m.d_model, 4}) +
         size_product({rows, m.experts_used, 8});
}

void make_scratch(Step& s) {
  const grok1_model_desc& m = s.model;
  s.scratch.q.resize(size_product({m.heads, m.head_dim}));
  s.scratch.attended.resize(s.scratch.q.size());
  s.scratch.k.resize(size_product({m.kv_heads, m.head_dim}));
  s.scratch.v.resize(s.scratch.k.size());
  s.scratch.l.resize(size_product({s.max_pages, s.page_tokens}));
  s.scratch.gate.resize(m.ffn), s.scratch.up.resize(m.ffn);
  s.scratch.row.resize(m.d_model), s.scratch.sum.resize(m.d_model);
  s.scratch.expert.resize(m.experts);
  s.scratch.written.reserve(s.max_rows);
  s.pass.tokens.reserve(s.max_rows), s.pass.positions.reserve(s.max_rows), s.pass.chunk.reserve(s.max_rows);
  s.pass.page_table.reserve(size_product({s.max_chunks, s.max_pages}));
  s.pass.logit_rows.reserve(s.max_logit_rows);
}

void check_counts(const Step& s, const grok1_step_data& data) {
  if (data.n_rows > s.max_rows || data.n_chunks > s.max_chunks || data.n_logit_rows > s.max_logit_rows)
    refuse(GROK1_E_INVALID_ARGUMENT, "%u rows, %u chunks, %u logit rows; the step's limits are %u, %u, %u", data.n_rows,
           data.n_chunks, data.n_logit_rows, s.max_rows, s.max_chunks, s.max_logit_rows);
  if (data.flags != 0) refuse(GROK1_E_UNKNOWN_FIELD, "flags are %u, none is known here", data.flags);
  given(data.chunk_begin, "data.chunk_begin");
  if (data.n_rows > 0) given(data.tokens, "data.tokens"), given(data.positions, "data.positions");
  if (data.n_chunks > 0) given(data.page_table, "data.page_table");
  if (data.n_logit_rows > 0) given(data.logit_rows, "data.logit_rows");
}

void check_chunks(const Step& s, const grok1_step_data& data) {
  if (data.chunk_begin[0] != 0 || data.chunk_begin[data.n_chunks] != data.n_rows)
    refuse(GROK1_E_INVALID_ARGUMENT, "chunk_begin goes from %u to %u; wanted from 0 to n_rows = %u",
           data.chunk_begin[0], data.chunk_begin[data.n_chunks], data.n_rows);
  for (uint32_t c = 0; c < data.n_chunks; ++c) {
    const uint32_t begin = data.chunk_begin[c], end = data.chunk_begin[c + 1];
    if (begin > end || end > data.n_rows)
      refuse(GROK1_E_INVALID_ARGUMENT, "chunk %u goes from row %u to %u", c, begin, end);
    for (uint32_t r = begin; r < end; ++r) {
      if (r > begin && data.positions[r] != data.positions[r - 1] + 1)
        refuse(GROK1_E_INVALID_ARGUMENT, "row %u is at position %u after %u; within a chunk positions rise by one", r,
               data.positions[r], data.positions[r - 1]);
      if (data.positions[r] >= s.model.context || data.positions[r] / s.page_tokens >= s.max_pages)
        refuse(GROK1_E_INVALID_ARGUMENT,
               "row %u is at position %u; the context is %u and a sequence has %u pages of %u", r, data.positions[r],
               s.model.context, s.max_pages, s.page_tokens);
    }
  }
}

void check_ids(const Step& s, const grok1_step_data& data) {
  for (uint32_t r = 0; r < data.n_rows; ++r)
    if (data.tokens[r] < 0 || uint32_t(data.tokens[r]) >= s.model.vocab_size)
      refuse(GROK1_E_INVALID_ARGUMENT, "row %u has token %d; the vocabulary is 0 .. %u", r, data.tokens[r],
             s.model.vocab_size - 1);
  for (uint32_t i = 0; i < data.n_logit_rows; ++i)
    if (data.logit_rows[i] >= data.n_rows || (i > 0 && data.logit_rows[i] <= data.logit_rows[i - 1]))
      refuse(GROK1_E_INVALID_ARGUMENT, "logit_rows[%u] is %u; wanted ascending rows below %u", i, data.logit_rows[i],
             data.n_rows);
}

// No token of the cache is written by two rows. (That a written page belongs to one sequence only is more than the data
// can show.)
void check_writes(Step& s, const grok1_step_data& data) {
  std::vector<uint64_t>& written = s.scratch.written;
  written.clear();
  for (uint32_t c = 0; c < data.n_chunks; ++c)
    for (uint32_t r = data.chunk_begin[c]; r < data.chunk_begin[c + 1]; ++r) {
      const uint64_t page = data.page_table[uint64_t(c) * s.max_pages + data.positions[r] / s.page_tokens];
      written.push_back(page * s.page_tokens + data.positions[r] % s.page_tokens);
    }
  std::sort(written.begin(), written.end());
  const auto twice = std::adjacent_find(written.begin(), written.end());
  if (twice != written.end())
    refuse(GROK1_E_INVALID_ARGUMENT,
           "two rows write token %zu of page %zu; a written page belongs to one sequence only", *twice % s.page_tokens,
           *twice / s.page_tokens);
}

void take(Step& s, const grok1_step_data& data) {
  Pass& pass = s.pass;
  pass.tokens.assign(data.tokens, data.tokens + data.n_rows);
  pass.positions.assign(data.positions, data.positions + data.n_rows);
  pass.page_table.assign(data.page_table, data.page_table + uint64_t(data.n_chunks) * s.max_pages);
  pass.logit_rows.assign(data.logit_rows, data.logit_rows + data.n_logit_rows);
  pass.chunk.clear();
  for (uint32_t c = 0; c < data.n_chunks; ++c) pass.chunk.resize(data.chunk_begin[c + 1], c);
  pass.set = true;
}

}  // namespace

Step& current(const grok1_device* device, grok1_step* handle) {
  Step& step = object_of<Step>(device, handle, "step");
  if (!step.pass.set) refuse(GROK1_E_INVALID_ARGUMENT, "the step has no pass; call step_set first");
  return step;
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
    check_counts(step, data);
    check_chunks(step, data);
    check_ids(step, data);
    check_writes(step, data);
    take(step, data);
  });
}

}  // namespace grok1::reference
