// A step's limits and the data of its passes: what grok1_step_limits and grok1_step_data promise, and what follows from
// a row's place in them.
#ifndef GROK1_BACKENDS_CONTRACT_STEP_H
#define GROK1_BACKENDS_CONTRACT_STEP_H

#include "backends/contract/model.h"

namespace grok1::contract {

struct Limits {
  uint32_t rows, chunks, pages, logit_rows, page_tokens;
};

Limits checked_limits(const grok1_step_limits& limits);

// Refuses data that exceeds the limits or contradicts itself. `written` is scratch, [limits.rows].
void check_pass(const grok1_model_desc& model, const Limits& limits, const grok1_step_data& data, uint64_t* written);

// chunk[r]: which chunk row r belongs to.
void set_chunks(const grok1_step_data& data, uint32_t* chunk);

// rope[n_rows, head_dim / 2, 2]: cos and sin of each row's position.
void set_rope(const grok1_model_desc& model, const grok1_step_data& data, float* rope);

}  // namespace grok1::contract

#endif
