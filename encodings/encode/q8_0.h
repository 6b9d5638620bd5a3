// Q8_0's encoder. Digits are -127 .. 127: some programs' arithmetic does not take -128.
#pragma once

#include "encodings/encode/one_scale.h"
#include "encodings/encode/tried.h"
#include "encodings/q8_0.h"

namespace grok1::encodings {
inline namespace GROK1_ENCODINGS_ISA {

// Digits of values for a scale. Zero for a scale of zero.
inline void store_q8_0(const float* x, float scale, int8_t* digits) {
  const float inverse = scale == 0 ? 0 : 1 / scale;
  constexpr float kBelowOne = 0x1.8p23f;
  for (int i = 0; i < 32; ++i) {
    const float above = x[i] * inverse > -127 ? x[i] * inverse : -127;
    const float q = above < 127 ? above : 127;
    digits[i] = int8_t(int((q + kBelowOne) - kBelowOne));
  }
}

inline void Q8_0::encode(const float* x, const float* importance, uint8_t* block) {
  const Block<32> ready(x, importance);
  float scale = ready.to_half_scale(largest_magnitude(ready.x, 32) * (1.0f / 127));
  if (importance != nullptr) scale = search_one_scale<EvenGrid<-127, 127>>(ready, {{127, 126.5f, 127.5f, 126}}, scale);
  store_scale(block, ready, scale);
  store_q8_0(ready.x, scale, reinterpret_cast<int8_t*>(block + 2));
}

}  // namespace GROK1_ENCODINGS_ISA
}  // namespace grok1::encodings
