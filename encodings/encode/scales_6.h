// Writes the 12 bytes of scales and minima of Q4_K and Q5_K that encodings/scales_6.h reads.
#pragma once

#include "encodings/encode/lined_groups.h"

namespace grok1::encodings {
inline namespace GROK1_ENCODINGS_ISA {

inline void store_scales_and_minima(const LinedGroups<8>& groups, uint8_t* bytes) {
  for (int i = 0; i < 4; ++i) {
    const int scale = groups.scale[4 + i], minimum = groups.minimum[4 + i];
    bytes[i] = uint8_t(groups.scale[i] | (scale >> 4) << 6);
    bytes[4 + i] = uint8_t(groups.minimum[i] | (minimum >> 4) << 6);
    bytes[8 + i] = uint8_t((scale & 15) | (minimum & 15) << 4);
  }
}

// Digit bytes 32 c ... of 64 weights each: low halves the first 32, high halves the others.
inline void store_halves_of_64(const uint8_t* digits, uint8_t* bytes) {
  for (int i = 0; i < 128; ++i) {
    const uint8_t* first = digits + 64 * (i / 32) + i % 32;
    bytes[i] = uint8_t((first[0] & 15) | (first[32] & 15) << 4);
  }
}

}  // namespace GROK1_ENCODINGS_ISA
}  // namespace grok1::encodings
