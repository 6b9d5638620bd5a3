// float16 and bfloat16 to float and back, in integer steps: exact one way, rounded to nearest even the other,
// infinities and NaN payloads kept. Knows nothing of blocks. All of the folder reads numbers in memory with `load`: the
// formats are little-endian and packed, so nothing is aligned.
#pragma once

#include <cstdint>
#include <cstring>

#include "encodings/isa.h"

namespace grok1::encodings {
inline namespace GROK1_ENCODINGS_ISA {

template <class T>
T load(const uint8_t* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

inline uint32_t bits_of(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

inline float float_of(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

inline float half_to_float(uint16_t half) {
  const uint32_t sign = uint32_t(half & 0x8000) << 16;
  const uint32_t magnitude = half & 0x7fff;
  const uint32_t normal = (magnitude << 13) + (112u << 23);  // 112: the biases' difference, 127 - 15
  const uint32_t special = 0x7f800000 | (magnitude & 0x3ff) << 13;
  const uint32_t subnormal = bits_of(float(magnitude) * 0x1p-24f);
  return float_of(sign | (magnitude >= 0x7c00 ? special : magnitude >= 0x0400 ? normal : subnormal));
}

// 65520 and more become infinite. A NaN keeps the bits of its payload that fit, at least one.
inline uint16_t float_to_half(float value) {
  const uint32_t bits = bits_of(value);
  const uint32_t sign = bits >> 16 & 0x8000, magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) {
    const uint32_t payload = magnitude >> 13 & 0x3ff;
    return uint16_t(sign | 0x7c00 | (payload != 0 ? payload : 1));
  }
  if (magnitude >= 0x477ff000) return uint16_t(sign | 0x7c00);
  if (magnitude < 0x38800000) {  // below 2^-14: in units of 2^-24, the last place of a float from 0.5 to 1
    return uint16_t(sign | (bits_of(float_of(magnitude) + 0.5f) - bits_of(0.5f)));
  }
  return uint16_t(sign | ((magnitude - (112u << 23) + 0xfff + (magnitude >> 13 & 1)) >> 13));
}

inline float bf16_to_float(uint16_t bf16) {
  return float_of(uint32_t(bf16) << 16);
}

// A NaN becomes a quiet one, as in package gguf.
inline uint16_t float_to_bf16(float value) {
  const uint32_t bits = bits_of(value);
  if ((bits & 0x7fffffff) > 0x7f800000) return uint16_t(bits >> 16 | 0x40);
  return uint16_t((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

inline float load_half(const uint8_t* bytes) {
  return half_to_float(load<uint16_t>(bytes));
}

inline void store_half(uint8_t* bytes, float value) {
  const uint16_t half = float_to_half(value);
  std::memcpy(bytes, &half, sizeof half);
}

}  // namespace GROK1_ENCODINGS_ISA
}  // namespace grok1::encodings
