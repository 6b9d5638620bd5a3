// What belongs to the rows of a step and passes from operator to operator: Act, normed rows as floats and as digits,
// with the routing that add_norm may have made of them, and Route, chosen experts and gates.
#ifndef GROK1_BACKENDS_GPU_ROWS_H
#define GROK1_BACKENDS_GPU_ROWS_H

#include "backends/gpu/binding.h"
#include "backends/gpu/step.h"

namespace grok1::accel {

struct Choices {
  DeviceMemory memory;
  int32_t* experts;  // [rows, experts_used], best first
  float* gates;
};

struct Act {
  Step* step;
  DeviceMemory memory;
  RowsOut rows;             // digits of the whole d_model in one group
  Choices choices;          // of `routed_for`'s router
  const Layer* routed_for;  // NULL: of none

  Rows in() const { return {rows.values, rows.digits, rows.scales, rows.stride}; }
};

// moe_route exchanges its choices with those of an act that has them already.
struct Route {
  Step* step;
  Choices choices;
};

uint64_t act_bytes(const Step& step);
uint64_t route_bytes(const Step& step);

// Where a kernel writes the choices of a layer's router.
RouteOut route_out(const Layer& layer, const Choices& choices);

// x as the matrix reads it: its own digits, or others made here where scale groups cut it in another way.
Rows rows_for(const Step& step, const Act& x, const Matrix& matrix, const Queue& queue);

}  // namespace grok1::accel

#endif
