// Four numbers at a time, in the compilers' own vector type, so that sums have one order on every machine and encoders
// give the same bytes everywhere; and Lanes, the weights of a search with four questions asked at once: either four
// groups of a block side by side, or one block four times over, with four scales.
#pragma once

#include <cstdint>

#include "encodings/half.h"

namespace grok1::encodings {
inline namespace GROK1_ENCODINGS_ISA {

typedef float F4 __attribute__((vector_size(16)));
typedef int32_t I4 __attribute__((vector_size(16)));

inline F4 splat(float value) {
  return F4{value, value, value, value};
}
inline F4 infinite() {
  return splat(__builtin_inff());
}
inline F4 least(F4 a, F4 b) {
  return a < b ? a : b;
}
inline F4 greatest(F4 a, F4 b) {
  return a > b ? a : b;
}

// To the nearest integer, ties to even, of magnitudes below 2^22; larger ones stay about as large.
inline F4 rounded(F4 x) {
  constexpr float kBelowOne = 0x1.8p23f;  // floats of this size have no bits below one
  return (x + kBelowOne) - kBelowOne;
}

// a / b, or 0 where b is so small that a weight divided by it could overflow.
inline F4 ratio(F4 a, F4 b) {
  const I4 usable = (b > 1e-30f) | (b < -1e-30f);
  return usable ? a / (usable ? b : splat(1)) : splat(0);
}

inline float sum(F4 x) {
  return (x[0] + x[1]) + (x[2] + x[3]);
}

template <int kLength>
struct Lanes {
  F4 x[kLength], w[kLength];
};

}  // namespace GROK1_ENCODINGS_ISA
}  // namespace grok1::encodings
