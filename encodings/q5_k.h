// Q5_K: 256 weights of 5 bits in 8 groups of 32, each with a scale and a minimum of 6 bits; 5.5 bits a weight.
// Block: d f16, dmin f16, 12 bytes of scales and minima (scales_6.h), 32 bytes of fifth bits, 128 bytes of digits (as
// in q4_k.h). Value: (d scale) q - (dmin minimum). Bit g of byte j of the fifth bits belongs to weight j of group g.
#pragma once

#include <cstdint>

#include "encodings/half.h"
#include "encodings/id.h"
#include "encodings/scales_6.h"

namespace grok1::encodings {
inline namespace GROK1_ENCODINGS_ISA {

struct Q5_K {
  static constexpr Id kId = Id::kQ5_K;
  static constexpr const char* kName = "q5_k";
  static constexpr uint64_t kBlock = 256, kBytes = 176;

  static void decode(const uint8_t* block, float* out) {
    const float d = load_half(block), dmin = load_half(block + 2);
    const uint8_t* fifth = block + 16;
    for (int group = 0; group < 8; ++group) {
      const ScaleAndMinimum of_group = scale_and_minimum(block + 4, group);
      const float scale = d * float(of_group.scale), minimum = dmin * float(of_group.minimum);
      const uint8_t* digits = block + 48 + 32 * (group / 2);
      const int shift = 4 * (group % 2);
      for (int i = 0; i < 32; ++i) {
        const int q = (digits[i] >> shift & 15) | (fifth[i] >> group & 1) << 4;
        out[32 * group + i] = scale * float(q) - minimum;
      }
    }
  }

  static void encode(const float* x, const float* importance, uint8_t* block);  // encode/q5_k.h
};

}  // namespace GROK1_ENCODINGS_ISA
}  // namespace grok1::encodings
