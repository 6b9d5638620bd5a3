// Blocks of 32 weights with one scale, Q8_0, Q4_0, Q5_0 and IQ4_NL: four scales are tried at once, the best of each
// four is improved, rounded to f16 and tried again.
#pragma once

#include "encodings/encode/scale_search.h"

namespace grok1::encodings {
inline namespace GROK1_ENCODINGS_ISA {

// Four places for the weight of largest magnitude in a block, as values of the grid.
struct FourEnds {
  float at[4];
};

// The scale in units of the block, one that f16 holds; `first` is one such that is good already, or 0.
template <class Grid, int kTurns>
float search_one_scale(const Block<32>& block, const FourEnds (&ends)[kTurns], float first = 0) {
  const Lanes<32> lanes = block.repeated();
  const Range range = block.range();
  const F4 largest = splat(range.high > -range.low ? range.high : range.low);
  ScaleFit best;
  for (int turn = 0; turn < kTurns; ++turn) {
    F4 end;
    for (int lane = 0; lane < 4; ++lane) end[lane] = ends[turn].at[lane];
    const ScaleFit fit = fit_scale<Grid>(lanes, largest / end);
    best = better_of(fit.better_error() < best.better_error(), fit, best);
  }
  F4 rounded_scale = best.better_scale();
  for (int lane = 0; lane < 4; ++lane) rounded_scale[lane] = block.to_half_scale(rounded_scale[lane]);
  if (first != 0) rounded_scale[3] = first;
  const ScaleFit fit = fit_scale<Grid>(lanes, rounded_scale);
  int chosen = 0;
  for (int lane = 1; lane < 4; ++lane) chosen = fit.error[lane] < fit.error[chosen] ? lane : chosen;
  // IQ4 has no zero but a scale of zero, which can be better than f16's least scales.
  const bool is_tiny = __builtin_fabsf(rounded_scale[chosen]) * block.unit < 0x1p-14f;
  const bool zero_is_better = is_tiny && fit_scale<Grid>(lanes, splat(0)).error[0] < fit.error[chosen];
  return zero_is_better ? 0 : rounded_scale[chosen];
}

template <class Grid>
void digits_of(const Block<32>& block, float scale, int32_t* digits) {
  const F4 inverse = ratio(splat(1), splat(scale));
  for (int i = 0; i < 32; i += 4) {
    const I4 digit = Grid::digit(block.four(i) * inverse);
    std::memcpy(digits + i, &digit, sizeof digit);
  }
}

// Sixteen bytes, low halves from the first sixteen digits, high halves from the rest.
template <class Digit>
void store_halves(const Digit* digits, uint8_t* bytes) {
  for (int i = 0; i < 16; ++i) bytes[i] = uint8_t((digits[i] & 15) | digits[16 + i] << 4);
}

}  // namespace GROK1_ENCODINGS_ISA
}  // namespace grok1::encodings
