// Q2_K: 256 weights of 2 bits in 16 groups of 16, each with a scale and a minimum of 4 bits; 2.625 bits a weight.
// Block: 16 bytes (scale low, minimum high), 64 bytes of digits, d f16, dmin f16. Value: (d scale) q - (dmin minimum).
// Bits 2 t, 2 t + 1 of byte j of a half's 32 are the digit of its weight 32 t + j; a half has 128 weights.
#pragma once

#include <cstdint>

#include "encodings/half.h"
#include "encodings/id.h"

namespace grok1::encodings {
inline namespace GROK1_ENCODINGS_ISA {

struct Q2_K {
  static constexpr Id kId = Id::kQ2_K;
  static constexpr const char* kName = "q2_k";
  static constexpr uint64_t kBlock = 256, kBytes = 84;

  static void decode(const uint8_t* block, float* out) {
    const float d = load_half(block + 80), dmin = load_half(block + 82);
    for (int group = 0; group < 16; ++group) {
      const float scale = d * float(block[group] & 15), minimum = dmin * float(block[group] >> 4);
      const uint8_t* digits = block + 16 + 32 * (group / 8) + 16 * (group % 2);
      const int shift = 2 * (group % 8 / 2);
      for (int i = 0; i < 16; ++i) out[16 * group + i] = scale * float(digits[i] >> shift & 3) - minimum;
    }
  }

  static void encode(const float* x, const float* importance, uint8_t* block);  // encode/q2_k.h
};

}  // namespace GROK1_ENCODINGS_ISA
}  // namespace grok1::encodings
