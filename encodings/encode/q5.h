// Encoders of Q5_0 and Q5_1.
#pragma once

#include "encodings/encode/one_line.h"
#include "encodings/encode/one_scale.h"
#include "encodings/encode/tried.h"
#include "encodings/q5.h"

namespace grok1::encodings {
inline namespace GROK1_ENCODINGS_ISA {

inline void store_q5_digits(const int32_t* digits, uint8_t* fifth_bits, uint8_t* bytes) {
  uint32_t bits = 0;
  for (int i = 0; i < 32; ++i) bits |= uint32_t(digits[i] >> 4) << i;
  std::memcpy(fifth_bits, &bits, sizeof bits);
  store_halves(digits, bytes);
}

inline void Q5_0::encode(const float* x, const float* importance, uint8_t* block) {
  using Grid = EvenGrid<-16, 15>;
  const Block<32> ready(x, importance);
  const float scale = search_one_scale<Grid>(ready, kQ5Ends);
  int32_t digits[32];
  digits_of<Grid>(ready, scale, digits);
  store_scale(block, ready, scale);
  store_q5_digits(digits, block + 2, block + 6);
}

inline void Q5_1::encode(const float* x, const float* importance, uint8_t* block) {
  const Block<32> ready(x, importance);
  const ScaleAndOffset line =
      importance == nullptr ? search_one_line<31>(ready, kQ5Lines) : search_one_line<31>(ready, kQ5MoreLines);
  int32_t digits[32];
  digits_of<31>(ready, line, digits);
  store_scale(block, ready, line.scale);
  store_scale(block + 2, ready, line.low);
  store_q5_digits(digits, block + 4, block + 8);
}

}  // namespace GROK1_ENCODINGS_ISA
}  // namespace grok1::encodings
