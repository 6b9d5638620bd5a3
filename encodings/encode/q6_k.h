// Q6_K's encoder.
#pragma once

#include "encodings/encode/scaled_groups.h"
#include "encodings/encode/tried.h"
#include "encodings/q6_k.h"

namespace grok1::encodings {
inline namespace GROK1_ENCODINGS_ISA {

inline void Q6_K::encode(const float* x, const float* importance, uint8_t* block) {
  const Block<256> ready(x, importance);
  ScaledGroupsSearch<EvenGrid<-32, 31>, 16, -128, 127> search(ready);
  const ScaledGroups<16> groups = search.run(kQ6KEnds, 3);
  for (int half = 0; half < 2; ++half) {
    const uint8_t* digits = groups.digit + 128 * half;
    for (int i = 0; i < 64; ++i) block[64 * half + i] = uint8_t((digits[i] & 15) | (digits[64 + i] & 15) << 4);
    for (int i = 0; i < 32; ++i) {
      block[128 + 32 * half + i] = uint8_t(digits[i] >> 4 | (digits[32 + i] >> 4) << 2 | (digits[64 + i] >> 4) << 4 |
                                           (digits[96 + i] >> 4) << 6);
    }
  }
  for (int i = 0; i < 16; ++i) block[192 + i] = uint8_t(groups.scale[i]);
  store_scale(block + 208, ready, groups.d);
}

}  // namespace GROK1_ENCODINGS_ISA
}  // namespace grok1::encodings
