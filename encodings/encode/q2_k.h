// Q2_K's encoder.
#pragma once

#include "encodings/encode/lined_groups.h"
#include "encodings/encode/tried.h"
#include "encodings/q2_k.h"

namespace grok1::encodings {
inline namespace GROK1_ENCODINGS_ISA {

inline void Q2_K::encode(const float* x, const float* importance, uint8_t* block) {
  const Block<256> ready(x, importance);
  LinedGroupsSearch<3, 16, 15> search(ready);
  const LinedGroups<16> groups = search.run(kQ2KEnds, 4);
  for (int i = 0; i < 16; ++i) block[i] = uint8_t(groups.scale[i] | groups.minimum[i] << 4);
  std::memset(block + 16, 0, 64);
  for (int i = 0; i < 256; ++i) {
    block[16 + 32 * (i / 128) + i % 32] |= uint8_t(groups.digit[i] << (2 * (i % 128 / 32)));
  }
  store_scale(block + 80, ready, groups.d);
  store_scale(block + 82, ready, groups.dmin);
}

}  // namespace GROK1_ENCODINGS_ISA
}  // namespace grok1::encodings
