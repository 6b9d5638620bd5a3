// A step: the limits of its passes, the data of the current one in device memory at fixed addresses, and all scratch,
// made once so that operators allocate nothing. Rows of a step (rows.h) belong to it.
#ifndef GROK1_BACKENDS_GPU_STEP_H
#define GROK1_BACKENDS_GPU_STEP_H

#include <vector>

#include "backends/contract/step.h"
#include "backends/gpu/queue.h"

namespace grok1::accel {

// The current pass as the host needs it for its checks and grids.
struct Pass {
  uint32_t n_rows = 0, n_logit_rows = 0, most_positions = 0;
  std::vector<uint32_t> last_page;  // [chunks] the highest page id that the chunk's rows touch
  bool set = false;
};

// Between kernels; sizes are those of a whole layer.
struct Scratch {
  float *q, *k, *v;         // [rows, heads * head_dim], [rows, kv_heads * head_dim] twice
  float* attended;          // [rows, heads * head_dim rounded up to 4]
  int8_t* attended_digits;  // places of most_places(...), two digits each
  float* attended_scales;
  int8_t* x_digits;  // x once more, for weights whose scale groups cut it in another way
  float* x_scales;
  float* hidden;  // [rows * used, ffn rounded up to 4]
  int8_t* hidden_digits;
  float* hidden_scales;
  float* outs;              // [rows * used, d_model]
  float* parts;             // splits of attention, few rows only
  uint32_t* grouped_begin;  // [experts + 1]
  uint32_t* grouped;        // [rows * used]
  uint32_t *head_arrivals, *unit_arrivals, *out_arrivals, *hidden_arrivals;
  char* arrivals;  // all four, zeroed before the first pass
  uint64_t arrivals_bytes;
};

struct Step {
  Device* device;
  grok1_model_desc model;
  Limits limits;
  DeviceMemory memory;
  Scratch scratch;
  PassData data;  // in `memory`, in one piece of data_bytes that begins with `tokens`
  uint64_t data_bytes;
  PinnedMemory staged[2];  // the same piece on the host, in turns
  Event copied[2];
  uint32_t turn = 0;
  bool cleared = false;
  Pass pass;

  explicit Step(Device& owner) : device(&owner), copied{Event(owner), Event(owner)} {}
};

uint32_t most_splits(const Step& step);
uint32_t most_units(const grok1_model_desc& model);

// The step behind a handle, which must have a pass.
Step& current(const Device* device, grok1_step* step);

}  // namespace grok1::accel

#endif
