// Q4_K: 256 weights of 4 bits in 8 groups of 32, each with a scale and a minimum of 6 bits; 4.5 bits a weight.
// Block: d f16, dmin f16, 12 bytes of scales and minima (scales_6.h), 128 bytes of digits.
// Value: (d scale) q - (dmin minimum). Groups 2 c and 2 c + 1 are the low and the high halves of digit bytes 32 c ...
#pragma once

#include <cstdint>

#include "encodings/half.h"
#include "encodings/id.h"
#include "encodings/scales_6.h"

namespace grok1::encodings {
inline namespace GROK1_ENCODINGS_ISA {

struct Q4_K {
  static constexpr Id kId = Id::kQ4_K;
  static constexpr const char* kName = "q4_k";
  static constexpr uint64_t kBlock = 256, kBytes = 144;

  static void decode(const uint8_t* block, float* out) {
    const float d = load_half(block), dmin = load_half(block + 2);
    for (int group = 0; group < 8; ++group) {
      const ScaleAndMinimum of_group = scale_and_minimum(block + 4, group);
      const float scale = d * float(of_group.scale), minimum = dmin * float(of_group.minimum);
      const uint8_t* digits = block + 16 + 32 * (group / 2);
      const int shift = 4 * (group % 2);
      for (int i = 0; i < 32; ++i) out[32 * group + i] = scale * float(digits[i] >> shift & 15) - minimum;
    }
  }

  static void encode(const float* x, const float* importance, uint8_t* block);  // encode/q4_k.h
};

}  // namespace GROK1_ENCODINGS_ISA
}  // namespace grok1::encodings
