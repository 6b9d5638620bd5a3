// A block made ready for an encoder: weights divided by a power of two near the largest, importances likewise, so that
// no square overflows; and scales in those units rounded to what f16 can hold.
#pragma once

#include <cstdint>

#include "encodings/encode/lanes.h"

namespace grok1::encodings {
inline namespace GROK1_ENCODINGS_ISA {

// Below this nothing of a block is nearer to the least nonzero value of any encoding (2^-24) than to zero.
inline constexpr float kLeastWeight = 0x1p-26f;
inline constexpr float kLargestHalf = 65504;

// The power of two at or below a positive number, between 2^-120 and 2^120, so that its reciprocal is a normal number.
inline float power_of_two_below(float value) {
  const uint32_t exponent = bits_of(value) >> 23;
  return float_of((exponent < 7 ? 7 : exponent > 247 ? 247 : exponent) << 23);
}

inline float largest_magnitude(const float* values, int count) {
  float largest[8] = {};
  for (int i = 0; i < count; i += 8) {
    for (int j = 0; j < 8; ++j) {
      const float magnitude = __builtin_fabsf(values[i + j]);
      largest[j] = largest[j] > magnitude ? largest[j] : magnitude;
    }
  }
  for (int j = 1; j < 8; ++j) largest[0] = largest[0] > largest[j] ? largest[0] : largest[j];
  return largest[0];
}

// Of a block's weights.
struct Range {
  float low, high;
};

template <int kCount>
struct Block {
  float x[kCount], w[kCount];
  float unit;  // what x was divided by

  Block(const float* values, const float* importance) {
    const float largest = largest_magnitude(values, kCount);
    unit = power_of_two_below(largest);
    const float to_units = largest < kLeastWeight ? 0 : 1 / unit;
    for (int i = 0; i < kCount; ++i) x[i] = values[i] * to_units;
    const float most = importance == nullptr ? 0 : largest_magnitude(importance, kCount);
    if (most == 0) {
      for (int i = 0; i < kCount; ++i) w[i] = 1;
      return;
    }
    // Weights of no importance still get the values nearest to them, where that costs the others nothing.
    const float to_most = 1 / power_of_two_below(most);
    for (int i = 0; i < kCount; ++i) w[i] = importance[i] * to_most + 1e-9f;
  }

  // A scale in units, as near as f16 can hold it in true size: never infinite, and not below its magnitude where f16
  // has few digits, for the weights would be cut off.
  float to_half_scale(float scale) const {
    const float size = __builtin_fabsf(scale) * unit;
    uint16_t half = size < kLargestHalf ? float_to_half(size) : 0x7bff;
    if (half < 0x0400 && half_to_float(half) < size) ++half;
    const float held = half_to_float(half) / unit;
    return scale < 0 ? -held : held;
  }

  // An offset in units, to the nearest that f16 can hold.
  float to_half(float offset) const {
    const float size = offset * unit;
    return half_to_float(float_to_half(size > kLargestHalf    ? kLargestHalf
                                       : size < -kLargestHalf ? -kLargestHalf
                                                              : size)) /
           unit;
  }

  // The four weights from one on.
  F4 four(int first) const {
    F4 weights;
    std::memcpy(&weights, x + first, sizeof weights);
    return weights;
  }

  Range range() const {
    F4 high = four(0), low = high;
    for (int i = 4; i < kCount; i += 4) high = greatest(high, four(i)), low = least(low, four(i));
    Range range{low[0], high[0]};
    for (int i = 1; i < 4; ++i) {
      range.low = low[i] < range.low ? low[i] : range.low;
      range.high = high[i] > range.high ? high[i] : range.high;
    }
    return range;
  }

  // Four groups of kLength weights from the first one on, side by side.
  template <int kLength>
  Lanes<kLength> groups(int first) const {
    Lanes<kLength> lanes;
    for (int i = 0; i < kLength; ++i) {
      for (int lane = 0; lane < 4; ++lane) {
        lanes.x[i][lane] = x[(first + lane) * kLength + i];
        lanes.w[i][lane] = w[(first + lane) * kLength + i];
      }
    }
    return lanes;
  }

  // The whole block in each lane.
  Lanes<kCount> repeated() const {
    Lanes<kCount> lanes;
    for (int i = 0; i < kCount; ++i) lanes.x[i] = splat(x[i]), lanes.w[i] = splat(w[i]);
    return lanes;
  }
};

// Stores a scale in units of the block; it is one that to_half_scale gave, or 0.
template <int kCount>
void store_scale(uint8_t* bytes, const Block<kCount>& block, float scale) {
  store_half(bytes, scale * block.unit);
}

}  // namespace GROK1_ENCODINGS_ISA
}  // namespace grok1::encodings
