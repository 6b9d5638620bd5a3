// Q8_0: 32 weights of 8 bits with one scale, 8.5 bits a weight. Block: d f16, 32 int8 q. Value: d q.
#pragma once

#include <cstdint>

#include "encodings/half.h"
#include "encodings/id.h"

namespace grok1::encodings {
inline namespace GROK1_ENCODINGS_ISA {

struct Q8_0 {
  static constexpr Id kId = Id::kQ8_0;
  static constexpr const char* kName = "q8_0";
  static constexpr uint64_t kBlock = 32, kBytes = 34;

  static void decode(const uint8_t* block, float* out) {
    const float d = load_half(block);
    for (int i = 0; i < 32; ++i) out[i] = d * float(int8_t(block[2 + i]));
  }

  static void encode(const float* x, const float* importance, uint8_t* block);  // encode/q8_0.h
};

}  // namespace GROK1_ENCODINGS_ISA
}  // namespace grok1::encodings
