// The 12 bytes in which Q4_K and Q5_K keep eight scales and eight minima of 6 bits: bytes 0 .. 3 are the scales 0 .. 3,
// bytes 4 .. 7 the minima 0 .. 3, each with two high bits to spare; bytes 8 .. 11 the low four bits of the scales (low
// half) and minima (high half) 4 .. 7, whose high two bits are the spare ones of bytes 0 .. 3 and 4 .. 7.
#pragma once

#include <cstdint>

#include "encodings/isa.h"

namespace grok1::encodings {
inline namespace GROK1_ENCODINGS_ISA {

struct ScaleAndMinimum {
  int scale, minimum;  // 0 .. 63
};

inline ScaleAndMinimum scale_and_minimum(const uint8_t* bytes, int group) {
  if (group < 4) return {bytes[group] & 63, bytes[4 + group] & 63};
  const uint8_t low = bytes[4 + group], scale_high = bytes[group - 4], minimum_high = bytes[group];
  return {(low & 15) | (scale_high >> 6) << 4, low >> 4 | (minimum_high >> 6) << 4};
}

}  // namespace GROK1_ENCODINGS_ISA
}  // namespace grok1::encodings
