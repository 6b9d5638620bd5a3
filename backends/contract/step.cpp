// A pass that contradicts grok1_step_data is refused before any of it is taken.
#include "backends/contract/step.h"

#include <cmath>

#include "backends/contract/kv.h"

namespace grok1::contract {
namespace {

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

void check_position(const grok1_model_desc& model, const Limits& limits, const grok1_step_data& data, uint32_t r,
                    bool first) {
  const uint32_t position = data.positions[r];
  if (!first && position != data.positions[r - 1] + 1)
    refuse(GROK1_E_INVALID_ARGUMENT, "row %u is at position %u after %u: within a chunk positions rise by one", r,
           position, data.positions[r - 1]);
  if (position >= model.context || position / limits.page_tokens >= limits.pages)
    refuse(GROK1_E_INVALID_ARGUMENT, "row %u is at position %u: the context is %u, a sequence has %u pages of %u", r,
           position, model.context, limits.pages, limits.page_tokens);
}

void check_chunks(const grok1_model_desc& model, const Limits& limits, const grok1_step_data& data) {
  const uint32_t* begin = data.chunk_begin;
  if (begin[0] != 0 || begin[data.n_chunks] != data.n_rows)
    refuse(GROK1_E_INVALID_ARGUMENT, "chunk_begin goes from %u to %u: wanted from 0 to n_rows = %u", begin[0],
           begin[data.n_chunks], data.n_rows);
  for (uint32_t c = 0; c < data.n_chunks; ++c) {
    if (begin[c] > begin[c + 1] || begin[c + 1] > data.n_rows)
      refuse(GROK1_E_INVALID_ARGUMENT, "chunk %u goes from row %u to %u of %u", c, begin[c], begin[c + 1], data.n_rows);
    for (uint32_t r = begin[c]; r < begin[c + 1]; ++r) check_position(model, limits, data, r, r == begin[c]);
  }
}

void check_ids(const grok1_model_desc& model, const grok1_step_data& data) {
  for (uint32_t r = 0; r < data.n_rows; ++r)
    if (data.tokens[r] < 0 || static_cast<uint32_t>(data.tokens[r]) >= model.vocab_size)
      refuse(GROK1_E_INVALID_ARGUMENT, "row %u has token %d: the vocabulary is 0 .. %u", r, data.tokens[r],
             model.vocab_size - 1);
  for (uint32_t i = 0; i < data.n_logit_rows; ++i)
    if (data.logit_rows[i] >= data.n_rows || (i > 0 && data.logit_rows[i] <= data.logit_rows[i - 1]))
      refuse(GROK1_E_INVALID_ARGUMENT, "logit_rows[%u] is %u: wanted ascending rows below %u", i, data.logit_rows[i],
             data.n_rows);
}

// Two rows that write the same token of the cache would race.
void check_writes(const Limits& limits, const grok1_step_data& data, uint64_t* written) {
  uint64_t* end = written;
  for (uint32_t c = 0; c < data.n_chunks; ++c)
    for (uint32_t r = data.chunk_begin[c]; r < data.chunk_begin[c + 1]; ++r) {
      const uint32_t position = data.positions[r], tokens = limits.page_tokens;
      const uint64_t page = data.page_table[uint64_t{c} * limits.pages + position / tokens];
      *end++ = page * tokens + position % tokens;
    }
  std::sort(written, end);
  const uint64_t* twice = std::adjacent_find(written, end);
  if (twice != end)
    refuse(GROK1_E_INVALID_ARGUMENT, "two rows write page %llu: a page that a pass writes belongs to one sequence only",
           Number{*twice / limits.page_tokens});
}

}  // namespace

Limits checked_limits(const grok1_step_limits& limits) {
  if (limits.max_rows == 0 || limits.max_chunks == 0 || limits.max_pages == 0)
    refuse(GROK1_E_INVALID_ARGUMENT, "limits: %u rows, %u chunks, %u pages; wanted 1 or more of each", limits.max_rows,
           limits.max_chunks, limits.max_pages);
  check_page_tokens(limits.page_tokens);
  if (limits.flags != 0) refuse(GROK1_E_UNKNOWN_FIELD, "limits.flags are 0x%x, this backend knows none", limits.flags);
  return {limits.max_rows, limits.max_chunks, limits.max_pages, limits.max_logit_rows, limits.page_tokens};
}

void check_pass(const grok1_model_desc& model, const Limits& limits, const grok1_step_data& data, uint64_t* written) {
  check_counts(limits, data);
  check_chunks(model, limits, data);
  check_ids(model, data);
  check_writes(limits, data, written);
}

void set_chunks(const grok1_step_data& data, uint32_t* chunk) {
  for (uint32_t c = 0; c < data.n_chunks; ++c)
    std::fill(chunk + data.chunk_begin[c], chunk + data.chunk_begin[c + 1], c);
}

// Angles in double: at position 8191 a float angle would be off by 2e-4.
void set_rope(const grok1_model_desc& model, const grok1_step_data& data, float* rope) {
  const uint32_t half = model.head_dim / 2;
  for (uint32_t i = 0; i < half; ++i) {
    const double frequency = std::pow(double{model.rope_base}, -2.0 * i / model.head_dim);
    for (uint32_t r = 0; r < data.n_rows; ++r) {
      const double angle = data.positions[r] * frequency;
      float* pair = rope + 2 * (uint64_t{r} * half + i);
      pair[0] = static_cast<float>(std::cos(angle));
      pair[1] = static_cast<float>(std::sin(angle));
    }
  }
}

}  // namespace grok1::contract
