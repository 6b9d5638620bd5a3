// Encoders of IQ4_NL and IQ4_XS.
#pragma once

#include "encodings/encode/one_scale.h"
#include "encodings/encode/scaled_groups.h"
#include "encodings/encode/tried.h"
#include "encodings/iq4.h"

namespace grok1::encodings {
inline namespace GROK1_ENCODINGS_ISA {

inline void IQ4_NL::encode(const float* x, const float* importance, uint8_t* block) {
  const Block<32> ready(x, importance);
  const float scale = search_one_scale<Iq4Grid>(ready, kIq4FourEnds);
  int32_t digits[32];
  digits_of<Iq4Grid>(ready, scale, digits);
  store_scale(block, ready, scale);
  store_halves(digits, block + 2);
}

inline void IQ4_XS::encode(const float* x, const float* importance, uint8_t* block) {
  const Block<256> ready(x, importance);
  ScaledGroupsSearch<Iq4Grid, 8, -32, 31> search(ready);
  const ScaledGroups<8> groups = search.run(kIq4Ends, 3);
  uint32_t high = 0;
  std::memset(block + 4, 0, 4);
  for (int i = 0; i < 8; ++i) {
    const int scale = groups.scale[i] + 32;
    block[4 + i / 2] |= uint8_t((scale & 15) << (4 * (i % 2)));
    high |= uint32_t(scale >> 4) << (2 * i);
    store_halves(groups.digit + 32 * i, block + 8 + 16 * i);
  }
  block[2] = uint8_t(high), block[3] = uint8_t(high >> 8);
  store_scale(block, ready, groups.d);
}

}  // namespace GROK1_ENCODINGS_ISA
}  // namespace grok1::encodings
