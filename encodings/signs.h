// Signs of weights in the encodings that choose absolute values from a codebook (iq2.h, iq3.h): bit i of a byte set
// makes weight i of eight negative. Where only seven bits are stored, the eighth makes the number of negative weights
// even.
#pragma once

#include <cstdint>

#include "encodings/isa.h"

namespace grok1::encodings {
inline namespace GROK1_ENCODINGS_ISA {

inline uint8_t with_even_parity(uint32_t seven_bits) {
  return uint8_t(seven_bits | uint32_t(__builtin_parity(seven_bits)) << 7);
}

// out[i] = (step * values[i]) with the sign of bit i, `count` of them.
inline void decode_signed(float step, const uint8_t* values, uint8_t signs, int count, float* out) {
  for (int i = 0; i < count; ++i) out[i] = step * float(values[i]) * float(1 - 2 * (signs >> i & 1));
}

}  // namespace GROK1_ENCODINGS_ISA
}  // namespace grok1::encodings
