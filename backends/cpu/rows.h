// What belongs to the rows of a step and passes from operator to operator: Act, normed rows as floats and as digits,
// and Route, chosen experts and gates.
#ifndef GROK1_BACKENDS_CPU_ROWS_H
#define GROK1_BACKENDS_CPU_ROWS_H

#include "backends/cpu/step.h"

namespace grok1::cpu {

struct Act {
  const Step* step;
  Memory memory;
  float* rows;      // [rows, d_model]
  int16_t* digits;  // [rows, digit_stride(d_model)], in the step's act_chunks
  float* scales;    // [rows, act_chunks.blocks]

  void quantise_row(uint32_t row);  // after its floats have been written
};

struct Route {
  const Step* step;
  Memory memory;
  int32_t* experts;  // [rows, experts_used], best first
  float* gates;
};

uint64_t act_bytes(const Step& step);
uint64_t route_bytes(const Step& step);

}  // namespace grok1::cpu

#endif
