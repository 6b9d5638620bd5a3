// Stored numbers one at a time: their kinds, sizes, values, and rounding to the types of a KV cache. The kernels have
// the same conversions for sixteen lanes.
#ifndef GROK1_BACKENDS_CPU_NUMBERS_H
#define GROK1_BACKENDS_CPU_NUMBERS_H

#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>

#include "backends/cpu/kernels/kernels.h"
#include "grok1_backend.h"

namespace grok1::cpu {

constexpr uint32_t bytes_of(Element element) {  // but of blocks
  return element == Element::f32 ? 4 : element == Element::i8 ? 1 : 2;
}

// Of an encoding that check_weight() lets pass.
constexpr Element element_of_encoding(uint32_t encoding) {
  switch (encoding) {
    case GROK1_ENCODING_F32: return Element::f32;
    case GROK1_ENCODING_F16: return Element::f16;
    case GROK1_ENCODING_BF16: return Element::bf16;
    case GROK1_ENCODING_I8: return Element::i8;
    default: return Element::blocks;
  }
}

inline std::optional<Element> element_of_cache(uint32_t type) {
  switch (type) {
    case GROK1_CACHE_F32: return Element::f32;
    case GROK1_CACHE_F16: return Element::f16;
    case GROK1_CACHE_BF16: return Element::bf16;
    case GROK1_CACHE_I8: return Element::i8;
    default: return std::nullopt;
  }
}

template <class T>
T unaligned(const char* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

// The fraction moves up by 13 bits; the exponent by a multiplication with 2^112, exact for subnormal numbers too.
inline float widen_f16(uint16_t stored) {
  const uint32_t magnitude = stored & 0x7fffu, sign = uint32_t{stored & 0x8000u} << 16;
  float value = std::bit_cast<float>(magnitude << 13) * 0x1p112f;
  if (magnitude > 0x7bff) value = std::bit_cast<float>(std::bit_cast<uint32_t>(value) | 0x7f800000u);
  return std::bit_cast<float>(std::bit_cast<uint32_t>(value) | sign);
}

inline float value_of(Element element, const char* bytes) {
  switch (element) {
    case Element::f32: return unaligned<float>(bytes);
    case Element::f16: return widen_f16(unaligned<uint16_t>(bytes));
    case Element::bf16: return std::bit_cast<float>(uint32_t{unaligned<uint16_t>(bytes)} << 16);
    default: return unaligned<int8_t>(bytes);
  }
}

// Both round to nearest, ties to even, and keep a NaN one.
inline uint16_t narrow_bf16(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return static_cast<uint16_t>(bits >> 16 | 0x40u);
  return static_cast<uint16_t>((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
}

inline uint16_t narrow_f16(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value), magnitude = bits & 0x7fffffffu;
  const uint32_t sign = bits >> 16 & 0x8000u;
  if (magnitude > 0x7f800000u) return static_cast<uint16_t>(sign | 0x7e00u);
  if (magnitude >= 0x477ff000u) return static_cast<uint16_t>(sign | 0x7c00u);  // 65520 rounds to infinity
  if (magnitude < 0x38800000u) {  // below 2^-14: added to 0.5, whose last place is 2^-24, the smallest f16
    const float shifted = std::bit_cast<float>(magnitude) + 0.5f;
    return static_cast<uint16_t>(sign | (std::bit_cast<uint32_t>(shifted) - 0x3f000000u));
  }
  const uint32_t rounded = magnitude + 0xfffu + (magnitude >> 13 & 1u);
  return static_cast<uint16_t>(sign | (rounded - 0x38000000u) >> 13);
}

// Bytes of a row of a cache: `count` numbers, behind their scale if they are int8.
constexpr uint32_t row_bytes_of(Element element, uint32_t count) {
  return (element == Element::i8 ? kRowScaleBytes : 0) + count * bytes_of(element);
}

// A row of a KV cache: numbers rounded to the element, or int8 behind their scale (docs/numerics.md).
void store_row(Element element, char* row, const float* values, uint32_t count);

}  // namespace grok1::cpu

#endif
