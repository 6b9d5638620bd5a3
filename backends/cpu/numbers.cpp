// Rows of a KV cache, as they are stored.
#include "backends/cpu/numbers.h"

#include <immintrin.h>

#include <algorithm>
#include <cmath>

namespace grok1::cpu {
namespace {

constexpr float kVanishes = 1e-30f;  // a row whose largest number is smaller counts as 0

// Larger than every number if there is an infinity or NaN among them: the order of bits is that of magnitudes.
float largest_of(const float* values, uint32_t count) {
  uint32_t largest = 0;
  for (uint32_t i = 0; i < count; ++i) largest = std::max(largest, std::bit_cast<uint32_t>(values[i]) & 0x7fffffffu);
  return std::bit_cast<float>(largest);
}

template <class T>
void put(char* to, T value) {
  std::memcpy(to, &value, sizeof value);
}

// The scale is NaN, and so is every number that is read, where one is infinite or no number.
void store_i8(char* row, const float* values, uint32_t count) {
  const float largest = largest_of(values, count);
  const float scale = largest < kVanishes ? 0.0f : largest < INFINITY ? largest / 127 : NAN;
  put(row, scale);
  for (uint32_t i = 0; i < count; ++i)
    row[kRowScaleBytes + i] = scale > 0 ? static_cast<char>(_mm_cvtss_si32(_mm_set_ss(values[i] / scale))) : char{0};
}

}  // namespace

void store_row(Element element, char* row, const float* values, uint32_t count) {
  switch (element) {
    case Element::f32: std::memcpy(row, values, count * sizeof *values); break;
    case Element::f16:
      for (uint32_t i = 0; i < count; ++i) put(row + 2 * i, narrow_f16(values[i]));
      break;
    case Element::bf16:
      for (uint32_t i = 0; i < count; ++i) put(row + 2 * i, narrow_bf16(values[i]));
      break;
    case Element::i8: store_i8(row, values, count); break;
    case Element::blocks: break;  // of no cache
  }
}

}  // namespace grok1::cpu
