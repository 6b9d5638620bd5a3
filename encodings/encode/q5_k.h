// Q5_K's encoder.
#pragma once

#include "encodings/encode/scales_6.h"
#include "encodings/encode/tried.h"
#include "encodings/q5_k.h"

namespace grok1::encodings {
inline namespace GROK1_ENCODINGS_ISA {

inline void Q5_K::encode(const float* x, const float* importance, uint8_t* block) {
  const Block<256> ready(x, importance);
  LinedGroupsSearch<31, 8, 63> search(ready);
  const LinedGroups<8> groups = search.run(kQ5KEnds, 3);
  store_scale(block, ready, groups.d);
  store_scale(block + 2, ready, groups.dmin);
  store_scales_and_minima(groups, block + 4);
  std::memset(block + 16, 0, 32);
  for (int i = 0; i < 256; ++i) block[16 + i % 32] |= uint8_t((groups.digit[i] >> 4) << (i / 32));
  store_halves_of_64(groups.digit, block + 48);
}

}  // namespace GROK1_ENCODINGS_ISA
}  // namespace grok1::encodings
