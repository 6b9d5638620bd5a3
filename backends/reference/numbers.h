// Number formats: float32, bf16, f16 and int8 to double, and double to the types of a KV cache, rounded to nearest even
// in one step. Knows nothing else; who uses it: weights.h and kv.h.
#ifndef GROK1_BACKENDS_REFERENCE_NUMBERS_H
#define GROK1_BACKENDS_REFERENCE_NUMBERS_H

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "backends/contract/support.h"
#include "grok1_backend.h"

namespace grok1::reference {

// A 16-bit IEEE-like format with E exponent bits and M fraction bits: f16 is <5, 10>, bf16 is <8, 7>.
template <int E, int M>
struct Half {
  static constexpr int kMinExponent = 2 - (1 << (E - 1));  // of the smallest normal number
  static constexpr unsigned kInfinity = ((1u << E) - 1) << M;

  static double widen(uint16_t bits) {
    const double sign = (bits & 0x8000u) != 0 ? -1.0 : 1.0;
    const unsigned magnitude = bits & 0x7fffu;
    if (magnitude > kInfinity) return NAN;
    if (magnitude == kInfinity) return sign * INFINITY;
    if (magnitude < (1u << M)) return sign * std::ldexp(double(magnitude), kMinExponent - M);
    const uint64_t exponent = (magnitude >> M) - 1 + kMinExponent + 1023;  // 1023: the bias of double
    const uint64_t fraction = magnitude & ((1u << M) - 1);
    return sign * std::bit_cast<double>(exponent << 52 | fraction << (52 - M));
  }

  static uint16_t narrow(double value) {
    const unsigned sign = std::signbit(value) ? 0x8000u : 0u;
    if (std::isnan(value)) return uint16_t(sign | kInfinity | 1u << (M - 1));
    if (value == 0) return uint16_t(sign);
    if (std::isinf(value)) return uint16_t(sign | kInfinity);
    const int exponent = std::max(std::ilogb(value), kMinExponent);
    if (exponent > -kMinExponent + 1) return uint16_t(sign | kInfinity);
    // In units of the last place, with the implicit bit; a carry into the exponent is the right result.
    const unsigned units = unsigned(std::nearbyint(std::ldexp(std::fabs(value), M - exponent)));
    const unsigned bits = (unsigned(exponent - kMinExponent) << M) + units;
    return uint16_t(sign | std::min(bits, kInfinity));
  }
};
using F16 = Half<5, 10>;
using Bf16 = Half<8, 7>;

template <class T>
T load(const std::byte* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

inline double decode(uint32_t encoding, const std::byte* bytes) {
  switch (encoding) {
    case GROK1_ENCODING_F32: return load<float>(bytes);
    case GROK1_ENCODING_F16: return F16::widen(load<uint16_t>(bytes));
    case GROK1_ENCODING_BF16: return std::bit_cast<float>(uint32_t(load<uint16_t>(bytes)) << 16);
    default: return load<int8_t>(bytes);
  }
}

inline double load_cached(uint32_t type, const std::byte* bytes) {
  if (type == GROK1_CACHE_F32) return load<float>(bytes);
  return type == GROK1_CACHE_F16 ? F16::widen(load<uint16_t>(bytes)) : Bf16::widen(load<uint16_t>(bytes));
}

inline void store_cached(uint32_t type, std::byte* bytes, double value) {
  if (type == GROK1_CACHE_F32) {
    const float stored = float(value);
    std::memcpy(bytes, &stored, sizeof stored);
  } else {
    const uint16_t stored = type == GROK1_CACHE_F16 ? F16::narrow(value) : Bf16::narrow(value);
    std::memcpy(bytes, &stored, sizeof stored);
  }
}

}  // namespace grok1::reference

#endif
