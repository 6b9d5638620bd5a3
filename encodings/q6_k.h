// Q6_K: 256 weights of 6 bits in 16 groups of 16, each with an int8 scale; 6.5625 bits a weight.
// Block: 128 bytes of low digits, 64 bytes of high digits, 16 int8 scales, d f16. Value: (d scale) (q - 32).
// In each half of 128 weights, low halves of 64 bytes are the low four bits of weights 0 .. 63, high halves those of
// 64 .. 127; bits 2 t, 2 t + 1 of 32 bytes the high two bits of weights 32 t ...
#pragma once

#include <cstdint>

#include "encodings/half.h"
#include "encodings/id.h"

namespace grok1::encodings {
inline namespace GROK1_ENCODINGS_ISA {

struct Q6_K {
  static constexpr Id kId = Id::kQ6_K;
  static constexpr const char* kName = "q6_k";
  static constexpr uint64_t kBlock = 256, kBytes = 210;

  static void decode(const uint8_t* block, float* out) {
    const float d = load_half(block + 208);
    for (int group = 0; group < 16; ++group) {
      const float step = d * float(int8_t(block[192 + group]));
      const int half = group / 8, at = group % 8;  // `at`: groups of 16 in a half
      const uint8_t* low = block + 64 * half + 16 * (at % 4);
      const uint8_t* high = block + 128 + 32 * half + 16 * (at % 2);
      const int low_shift = 4 * (at / 4), high_shift = 2 * (at / 2);
      for (int i = 0; i < 16; ++i) {
        const int q = (low[i] >> low_shift & 15) | (high[i] >> high_shift & 3) << 4;
        out[16 * group + i] = step * float(q - 32);
      }
    }
  }

  static void encode(const float* x, const float* importance, uint8_t* block);  // encode/q6_k.h
};

}  // namespace GROK1_ENCODINGS_ISA
}  // namespace grok1::encodings
