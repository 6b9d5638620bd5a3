// Q4_0 and Q4_1: 32 weights of 4 bits with one scale, 4.5 bits a weight, or with scale and offset, 5. Of 16 bytes of
// digits the low halves are the weights 0 .. 15, the high halves 16 .. 31.
#pragma once

#include <cstdint>

#include "encodings/half.h"
#include "encodings/id.h"

namespace grok1::encodings {
inline namespace GROK1_ENCODINGS_ISA {

// Block: d f16, 16 bytes of digits. Value: d (q - 8).
struct Q4_0 {
  static constexpr Id kId = Id::kQ4_0;
  static constexpr const char* kName = "q4_0";
  static constexpr uint64_t kBlock = 32, kBytes = 18;

  static void decode(const uint8_t* block, float* out) {
    const float d = load_half(block);
    const uint8_t* digits = block + 2;
    for (int i = 0; i < 16; ++i) out[i] = d * float(int(digits[i] & 15) - 8);
    for (int i = 0; i < 16; ++i) out[16 + i] = d * float(int(digits[i] >> 4) - 8);
  }

  static void encode(const float* x, const float* importance, uint8_t* block);  // encode/q4.h
};

// Block: d f16, m f16, 16 bytes of digits. Value: d q + m.
struct Q4_1 {
  static constexpr Id kId = Id::kQ4_1;
  static constexpr const char* kName = "q4_1";
  static constexpr uint64_t kBlock = 32, kBytes = 20;

  static void decode(const uint8_t* block, float* out) {
    const float d = load_half(block), m = load_half(block + 2);
    const uint8_t* digits = block + 4;
    for (int i = 0; i < 16; ++i) out[i] = d * float(digits[i] & 15) + m;
    for (int i = 0; i < 16; ++i) out[16 + i] = d * float(digits[i] >> 4) + m;
  }

  static void encode(const float* x, const float* importance, uint8_t* block);  // encode/q4.h
};

}  // namespace GROK1_ENCODINGS_ISA
}  // namespace grok1::encodings
