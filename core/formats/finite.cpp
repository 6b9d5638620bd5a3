#include "core/formats/finite.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "core/base/encoding.h"
#include "grok1.h"

namespace grok1 {
namespace {

constexpr uint64_t kStep = 4096;  // numbers that are counted at once, so that a clean run costs no branches

// A float of any size is finite unless its exponent is all ones.
template <class T, T kExponent>
NonFinite find_in_numbers(std::span<const std::byte> bytes) {
  NonFinite found;
  const uint64_t n = bytes.size() / sizeof(T);
  const auto is_bad = [&](uint64_t i) {
    T number;
    std::memcpy(&number, bytes.data() + i * sizeof(T), sizeof number);
    return (number & kExponent) == kExponent;
  };
  for (uint64_t begin = 0; begin < n; begin += kStep) {
    const uint64_t end = std::min(n, begin + kStep);
    uint32_t count = 0;
    for (uint64_t i = begin; i < end; ++i) count += is_bad(i) ? 1 : 0;
    found.count += count;
    for (uint64_t i = begin; count != 0 && found.first == UINT64_MAX; ++i)
      if (is_bad(i)) found.first = i * sizeof(T);
  }
  return found;
}

constexpr uint16_t kHalfExponent = 0x7c00;

// Where a block has its float16 numbers: the scale, and behind it the minimum where there is one.
struct Halves {
  uint64_t offset;
  uint64_t count;
};
Halves halves_of(uint32_t encoding) {
  switch (encoding) {
    case GROK1_ENCODING_Q4_1:
    case GROK1_ENCODING_Q5_1:
    case GROK1_ENCODING_Q4_K:
    case GROK1_ENCODING_Q5_K: return {0, 2};
    case GROK1_ENCODING_Q2_K: return {80, 2};
    case GROK1_ENCODING_Q3_K: return {108, 1};
    case GROK1_ENCODING_Q6_K: return {208, 1};
    default: return {0, 1};
  }
}

NonFinite find_in_blocks(uint32_t encoding, std::span<const std::byte> bytes) {
  const uint64_t size = encoding_bytes(encoding);
  const Halves halves = halves_of(encoding);
  NonFinite found;
  for (uint64_t block = 0; block + size <= bytes.size(); block += size) {
    bool bad = false;
    for (uint64_t i = 0; i < halves.count; ++i) {
      uint16_t half;
      std::memcpy(&half, bytes.data() + block + halves.offset + i * sizeof half, sizeof half);
      bad = bad || (half & kHalfExponent) == kHalfExponent;
    }
    if (!bad) continue;
    found.first = std::min(found.first, block);
    ++found.count;
  }
  return found;
}

}  // namespace

bool can_be_non_finite(uint32_t encoding) {
  return encoding != GROK1_ENCODING_I8;
}

NonFinite find_non_finite(uint32_t encoding, std::span<const std::byte> bytes) {
  switch (encoding) {
    case GROK1_ENCODING_I8: return {};
    case GROK1_ENCODING_F32: return find_in_numbers<uint32_t, 0x7f800000>(bytes);
    case GROK1_ENCODING_F16: return find_in_numbers<uint16_t, kHalfExponent>(bytes);
    case GROK1_ENCODING_BF16: return find_in_numbers<uint16_t, 0x7f80>(bytes);
    default: return find_in_blocks(encoding, bytes);
  }
}

}  // namespace grok1
