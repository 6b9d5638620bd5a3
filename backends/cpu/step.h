// A step: the limits of its passes, the data of the current one, and all scratch, made once so that operators allocate
// nothing. Rows of a step (rows.h) belong to it.
#ifndef GROK1_BACKENDS_CPU_STEP_H
#define GROK1_BACKENDS_CPU_STEP_H

#include "backends/contract/inputs.h"
#include "backends/contract/step.h"
#include "backends/cpu/chunks.h"
#include "backends/cpu/device.h"
#include "backends/cpu/memory.h"

namespace grok1::cpu {

// One pass, copied from grok1_step_data.
struct Pass {
  uint32_t n_rows, n_logit_rows;
  int32_t* tokens;       // [rows]
  uint32_t* positions;   // [rows]
  uint32_t* chunk;       // [rows] which chunk a row belongs to
  uint32_t* page_table;  // [chunks, pages]
  uint32_t* logit_rows;  // [logit_rows]
  float* rope;           // [rows, head_dim / 2, 2] cos and sin of each row's position
  bool set;
};

// Between kernels. Sizes are those of a whole layer.
struct Scratch {
  float *q, *k, *v;     // [rows, heads * head_dim], [rows, kv_heads * head_dim] twice
  float* rotated;       // [rows, heads, head_width]
  uint32_t panel_rows;  // pairs of a row and an expert that are computed together
  float *gate, *up;     // [panel_rows, ffn]
  float* down;          // [panel_rows, d_model]
  int16_t* digits;      // rows quantised for one weight
  float* digit_scales;
  float* partial;  // sums of chunks of the rows that are swept alone
  uint64_t partial_size;
  float* splits;          // attention of few rows: every unit's splits
  uint32_t* expert_rows;  // [rows * experts_used] pairs of a row and an expert: the row
  float* expert_gates;    // and the gate
  uint64_t* written;      // [rows] tokens of the cache that a pass writes
  char* thread;           // [threads, thread_bytes]
  uint64_t thread_bytes;
};

struct Step {
  Device* device;
  grok1_model_desc model;
  Limits limits;
  Chunks act_chunks;  // of d_model without groups: how acts are quantised
  Pass pass;
  Scratch scratch;
  Memory memory;
  Onlooker onlooker;
  std::vector<std::unique_ptr<OnednnThread>> onednn;  // [threads]; empty: our own tiles alone

  const uint32_t* pages_of(uint32_t row) const { return pass.page_table + uint64_t{pass.chunk[row]} * limits.pages; }
  char* thread_scratch(uint32_t thread) const { return scratch.thread + thread * scratch.thread_bytes; }
};

// An attention unit is at most kHeads query heads of one row that share a kv head; floats that one split of it needs.
uint64_t units_per_row(const grok1_model_desc& model);
uint64_t split_floats(const grok1_model_desc& model);
uint64_t most_splits(const Limits& limits);
constexpr uint32_t kFewRows = 4;  // passes of so many rows divide the splits of a row among threads

// Points everything of pass and scratch into memory that begins at `base`; returns its size. With NULL it only counts.
uint64_t lay_out(Step& step, char* base);

// The step behind a handle, with a current pass.
Step& current(const Device* device, grok1_step* step);

}  // namespace grok1::cpu

#endif
