// F32, F16, BF16: numbers one by one, as blocks of one element.
#pragma once

#include <cstdint>

#include "encodings/half.h"
#include "encodings/id.h"

namespace grok1::encodings {
inline namespace GROK1_ENCODINGS_ISA {

struct F32 {
  static constexpr Id kId = Id::kF32;
  static constexpr const char* kName = "f32";
  static constexpr uint64_t kBlock = 1, kBytes = 4;

  static void decode(const uint8_t* block, float* out) { *out = load<float>(block); }
};

struct F16 {
  static constexpr Id kId = Id::kF16;
  static constexpr const char* kName = "f16";
  static constexpr uint64_t kBlock = 1, kBytes = 2;

  static void decode(const uint8_t* block, float* out) { *out = load_half(block); }
};

struct BF16 {
  static constexpr Id kId = Id::kBF16;
  static constexpr const char* kName = "bf16";
  static constexpr uint64_t kBlock = 1, kBytes = 2;

  static void decode(const uint8_t* block, float* out) { *out = bf16_to_float(load<uint16_t>(block)); }
};

}  // namespace GROK1_ENCODINGS_ISA
}  // namespace grok1::encodings
