// Blocks of 32 weights with scale and offset, Q4_1 and Q5_1: as one_scale.h.
#pragma once

#include "encodings/encode/line_search.h"

namespace grok1::encodings {
inline namespace GROK1_ENCODINGS_ISA {

struct ScaleAndOffset {
  float scale, low;  // in units of the block, as f16 holds them
};

// `tried`: as for search_line, four at a time.
template <int kTop, int kTurns>
ScaleAndOffset search_one_line(const Block<32>& block, const Ends (&tried)[kTurns][4]) {
  const Lanes<32> lanes = block.repeated();
  const Range range = block.range();
  const float middle = 0.5f * (range.low + range.high), reach = 0.5f * (range.high - range.low);
  LineFit best;
  F4 least_error = infinite();
  for (int turn = 0; turn < kTurns; ++turn) {
    Line line;
    for (int lane = 0; lane < 4; ++lane) {
      const Ends& ends = tried[turn][lane];
      line.low[lane] = middle - reach * ends.low;
      line.scale[lane] = reach * (ends.low + ends.high) * (1.0f / kTop);
    }
    const LineFit fit = fit_line<kTop>(lanes, line);
    const F4 error = fit.error_of(fit.better(false));
    const I4 better = error < least_error;
    best = better_of(better, fit, best);
    least_error = better ? error : least_error;
  }
  Line line = best.better(false);
  for (int lane = 0; lane < 4; ++lane) {
    line.scale[lane] = block.to_half_scale(line.scale[lane]);
    line.low[lane] = block.to_half(line.low[lane]);
  }
  const F4 error = fit_line<kTop>(lanes, line).error;
  int chosen = 0;
  for (int lane = 1; lane < 4; ++lane) chosen = error[lane] < error[chosen] ? lane : chosen;
  return {line.scale[chosen], line.low[chosen]};
}

template <int kTop>
void digits_of(const Block<32>& block, ScaleAndOffset line, int32_t* digits) {
  const F4 inverse = ratio(splat(1), splat(line.scale));
  for (int i = 0; i < 32; i += 4) {
    const I4 digit = EvenGrid<0, kTop>::digit((block.four(i) - line.low) * inverse);
    std::memcpy(digits + i, &digit, sizeof digit);
  }
}

}  // namespace GROK1_ENCODINGS_ISA
}  // namespace grok1::encodings
