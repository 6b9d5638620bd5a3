// Q3_K's encoder.
#pragma once

#include "encodings/encode/scaled_groups.h"
#include "encodings/encode/tried.h"
#include "encodings/q3_k.h"

namespace grok1::encodings {
inline namespace GROK1_ENCODINGS_ISA {

inline void Q3_K::encode(const float* x, const float* importance, uint8_t* block) {
  const Block<256> ready(x, importance);
  ScaledGroupsSearch<EvenGrid<-4, 3>, 16, -32, 31> search(ready);
  const ScaledGroups<16> groups = search.run(kQ3KEnds, 4);
  std::memset(block, 0, kBytes);
  for (int i = 0; i < 256; ++i) {
    block[i % 32] |= uint8_t((groups.digit[i] >> 2) << (i / 32));
    block[32 + 32 * (i / 128) + i % 32] |= uint8_t((groups.digit[i] & 3) << (2 * (i % 128 / 32)));
  }
  for (int i = 0; i < 16; ++i) {
    const int scale = groups.scale[i] + 32;
    block[96 + i % 8] |= uint8_t((scale & 15) << (i < 8 ? 0 : 4));
    block[104 + i % 4] |= uint8_t((scale >> 4) << (2 * (i / 4)));
  }
  store_scale(block + 108, ready, groups.d);
}

}  // namespace GROK1_ENCODINGS_ISA
}  // namespace grok1::encodings
