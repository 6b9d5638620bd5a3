// Encoders of Q4_0 and Q4_1.
#pragma once

#include "encodings/encode/one_line.h"
#include "encodings/encode/one_scale.h"
#include "encodings/encode/tried.h"
#include "encodings/q4.h"

namespace grok1::encodings {
inline namespace GROK1_ENCODINGS_ISA {

inline void Q4_0::encode(const float* x, const float* importance, uint8_t* block) {
  using Grid = EvenGrid<-8, 7>;
  const Block<32> ready(x, importance);
  const float scale =
      importance == nullptr ? search_one_scale<Grid>(ready, kQ4Ends) : search_one_scale<Grid>(ready, kQ4MoreEnds);
  int32_t digits[32];
  digits_of<Grid>(ready, scale, digits);
  store_scale(block, ready, scale);
  store_halves(digits, block + 2);
}

inline void Q4_1::encode(const float* x, const float* importance, uint8_t* block) {
  const Block<32> ready(x, importance);
  const ScaleAndOffset line =
      importance == nullptr ? search_one_line<15>(ready, kQ4Lines) : search_one_line<15>(ready, kQ4MoreLines);
  int32_t digits[32];
  digits_of<15>(ready, line, digits);
  store_scale(block, ready, line.scale);
  store_scale(block + 2, ready, line.low);
  store_halves(digits, block + 4);
}

}  // namespace GROK1_ENCODINGS_ISA
}  // namespace grok1::encodings
