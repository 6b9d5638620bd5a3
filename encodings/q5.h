// Q5_0 and Q5_1: 32 weights of 5 bits with one scale, 5.5 bits a weight, or with scale and offset, 6. The fifth bits
// lie together, bit i of 32 for weight i; the other four as in q4.h.
#pragma once

#include <cstdint>

#include "encodings/half.h"
#include "encodings/id.h"

namespace grok1::encodings {
inline namespace GROK1_ENCODINGS_ISA {

// Digit 0 .. 31 of weight i (of 32).
inline int q5_digit(const uint8_t* digits, uint32_t fifth_bits, int i) {
  const int low = i < 16 ? digits[i] & 15 : digits[i - 16] >> 4;
  return low | int(fifth_bits >> i & 1) << 4;
}

// Block: d f16, fifth bits u32, 16 bytes of digits. Value: d (q - 16).
struct Q5_0 {
  static constexpr Id kId = Id::kQ5_0;
  static constexpr const char* kName = "q5_0";
  static constexpr uint64_t kBlock = 32, kBytes = 22;

  static void decode(const uint8_t* block, float* out) {
    const float d = load_half(block);
    const uint32_t fifth_bits = load<uint32_t>(block + 2);
    for (int i = 0; i < 32; ++i) out[i] = d * float(q5_digit(block + 6, fifth_bits, i) - 16);
  }

  static void encode(const float* x, const float* importance, uint8_t* block);  // encode/q5.h
};

// Block: d f16, m f16, fifth bits u32, 16 bytes of digits. Value: d q + m.
struct Q5_1 {
  static constexpr Id kId = Id::kQ5_1;
  static constexpr const char* kName = "q5_1";
  static constexpr uint64_t kBlock = 32, kBytes = 24;

  static void decode(const uint8_t* block, float* out) {
    const float d = load_half(block), m = load_half(block + 2);
    const uint32_t fifth_bits = load<uint32_t>(block + 4);
    for (int i = 0; i < 32; ++i) out[i] = d * float(q5_digit(block + 8, fifth_bits, i)) + m;
  }

  static void encode(const float* x, const float* importance, uint8_t* block);  // encode/q5.h
};

}  // namespace GROK1_ENCODINGS_ISA
}  // namespace grok1::encodings
