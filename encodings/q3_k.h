// Q3_K: 256 weights of 3 bits in 16 groups of 16, each with a signed scale of 6 bits; 3.4375 bits a weight.
// Block: 32 bytes of third bits, 64 bytes of digits (as in q2_k.h), 12 bytes of scales, d f16.
// Value: (d (scale - 32)) q, where q is the digit, less 4 if the third bit is 0. Bit t of byte j of the third bits
// belongs to weight 32 t + j.
#pragma once

#include <cstdint>

#include "encodings/half.h"
#include "encodings/id.h"

namespace grok1::encodings {
inline namespace GROK1_ENCODINGS_ISA {

struct Q3_K {
  static constexpr Id kId = Id::kQ3_K;
  static constexpr const char* kName = "q3_k";
  static constexpr uint64_t kBlock = 256, kBytes = 110;

  // Scale of a group, -32 .. 31: four bits from a half byte of the first eight, two from the last four.
  static int scale(const uint8_t* scales, int group) {
    const int low = scales[group % 8] >> (group < 8 ? 0 : 4) & 15;
    const int high = scales[8 + group % 4] >> (2 * (group / 4)) & 3;
    return (low | high << 4) - 32;
  }

  static void decode(const uint8_t* block, float* out) {
    const float d = load_half(block + 108);
    for (int group = 0; group < 16; ++group) {
      const float step = d * float(scale(block + 96, group));
      const uint8_t* third = block + 16 * (group % 2);
      const uint8_t* digits = block + 32 + 32 * (group / 8) + 16 * (group % 2);
      const int shift = 2 * (group % 8 / 2);
      for (int i = 0; i < 16; ++i) {
        const int q = (digits[i] >> shift & 3) + 4 * (third[i] >> (group / 2) & 1) - 4;
        out[16 * group + i] = step * float(q);
      }
    }
  }

  static void encode(const float* x, const float* importance, uint8_t* block);  // encode/q3_k.h
};

}  // namespace GROK1_ENCODINGS_ISA
}  // namespace grok1::encodings
