// Number formats: float32, bf16, f16 and int8 to double, and double to the rows of a KV cache, rounded to nearest even
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

// Number i of a row of a cache; a row of int8 begins with its scale.
inline double load_cached(uint32_t type, const std::byte* row, uint32_t i) {
  switch (type) {
    case GROK1_CACHE_F32: return load<float>(row + 4 * i);
    case GROK1_CACHE_F16: return F16::widen(load<uint16_t>(row + 2 * i));
    case GROK1_CACHE_BF16: return Bf16::widen(load<uint16_t>(row + 2 * i));
    default: return double(load<int8_t>(row + sizeof(float) + i)) * load<float>(row);
  }
}

template <class T>
void store(std::byte* bytes, T value) {
  std::memcpy(bytes, &value, sizeof value);
}

inline void store_cached_i8(std::byte* row, const double* values, uint32_t count) {
  double largest = 0;
  bool finite = true;
  for (uint32_t i = 0; i < count; ++i) {
    finite = finite && std::isfinite(values[i]);
    largest = std::max(largest, std::fabs(values[i]));
  }
  const float scale = !finite ? NAN : largest < 1e-30 ? 0 : float(largest / 127);
  store(row, scale);
  for (uint32_t i = 0; i < count; ++i)
    store(row + sizeof scale + i, scale > 0 ? int8_t(std::nearbyint(values[i] / scale)) : int8_t(0));
}

// A row of a cache: K or V of a token and kv head.
inline void store_cached(uint32_t type, std::byte* row, const double* values, uint32_t count) {
  if (type == GROK1_CACHE_I8) return store_cached_i8(row, values, count);
  for (uint32_t i = 0; i < count; ++i) {
    if (type == GROK1_CACHE_F32) store(row + 4 * i, float(values[i]));
    if (type == GROK1_CACHE_F16) store(row + 2 * i, F16::narrow(values[i]));
    if (type == GROK1_CACHE_BF16) store(row + 2 * i, Bf16::narrow(values[i]));
  }
}

}  // namespace grok1::reference

#endif
