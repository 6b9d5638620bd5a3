// A step: scratch for passes within its limits, and the data of the current pass. Rows (Act, Route) belong to it.
#ifndef GROK1_BACKENDS_REFERENCE_STEP_H
#define GROK1_BACKENDS_REFERENCE_STEP_H

#include <vector>

#include "backends/contract/inputs.h"
#include "backends/contract/step.h"
#include "backends/reference/refusal.h"

namespace grok1::reference {

// One pass, copied from grok1_step_data.
struct Pass {
  std::vector<uint32_t> tokens, positions;
  std::vector<uint32_t> chunk;       // [n_rows] which chunk a row belongs to
  std::vector<uint32_t> page_table;  // [n_chunks, max_pages]
  std::vector<uint32_t> logit_rows;
  bool set = false;

  uint32_t n_rows() const { return uint32_t(tokens.size()); }
};

// One row's intermediate values; operators use what they need of it.
struct Scratch {
  std::vector<double> q, attended;  // [heads, head_dim]
  std::vector<double> k, v;         // [kv_heads, head_dim]
  std::vector<double> l;            // [max_pages * page_tokens]
  std::vector<double> gate, up;     // [ffn]
  std::vector<double> row, sum;     // [d_model]
  std::vector<double> expert;       // [experts]
  std::vector<uint64_t> written;    // [max_rows] tokens of the cache that a pass writes
  std::vector<float> shown;         // a row that an onlooker is shown: at most [heads, head_dim] or [ffn]
};

struct Step {
  const grok1_device* device;
  grok1_model_desc model;
  Limits limits;
  Pass pass;
  Scratch scratch;
  Onlooker onlooker;

  uint32_t page(uint32_t row, uint32_t position) const {
    return pass.page_table[uint64_t(pass.chunk[row]) * limits.pages + position / limits.page_tokens];
  }
};

// A row of doubles to whom looks on, if somebody does.
void show_row(Step& step, const InputsOf& of, const std::vector<double>& row, uint64_t width);

// The step behind a handle, with a current pass.
Step& current(const grok1_device* device, grok1_step* handle);

struct Act {
  Step* step;
  std::vector<float> rows;  // [max_rows, d_model]
};

struct Route {
  Step* step;
  std::vector<int32_t> experts;  // [max_rows, experts_used], best first
  std::vector<float> gates;      // the same shape
};

}  // namespace grok1::reference

#endif
