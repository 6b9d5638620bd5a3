// Who looks on at the inputs of a step's linear layers: the extension "grok1.inputs/1" of grok1_backend.h. Operators
// show their rows here; while nobody looks on that costs the test of a pointer.
#ifndef GROK1_BACKENDS_CONTRACT_INPUTS_H
#define GROK1_BACKENDS_CONTRACT_INPUTS_H

#include "grok1_backend.h"

namespace grok1::contract {

// What rows are inputs of.
struct InputsOf {
  uint32_t what;  // GROK1_INPUTS_*
  uint32_t layer = 0, expert = 0;
};

struct Onlooker {
  grok1_inputs_fn fn = nullptr;
  void* context = nullptr;

  bool is_there() const { return fn != nullptr; }

  // Rows [n_rows, width] without gaps. Only if somebody is there.
  void show(const InputsOf& of, const float* rows, uint32_t n_rows, uint64_t width) const {
    grok1_inputs inputs = GROK1_INIT(grok1_inputs);
    inputs.what = of.what, inputs.layer = of.layer, inputs.expert = of.expert;
    inputs.n_rows = n_rows, inputs.width = width, inputs.rows = rows;
    fn(context, &inputs);
  }
};

}  // namespace grok1::contract

#endif
