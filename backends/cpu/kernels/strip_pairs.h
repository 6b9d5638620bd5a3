// The inner loop of a sweep without VNNI: two rows of weights are widened to pairs of int16 and multiplied with pairs
// of digits. The sums of a block of 256 are exact: |sum| <= 256 * 128 * 32512 < 2^31.
#ifndef GROK1_BACKENDS_CPU_KERNELS_STRIP_PAIRS_H
#define GROK1_BACKENDS_CPU_KERNELS_STRIP_PAIRS_H

#include "backends/cpu/kernels/simd.h"

namespace grok1::cpu::GROK1_ISA {

constexpr uint32_t kSweepRows = 8;
constexpr uint32_t kSumsPerColumn = 1;

struct BlockDigits {
  int16_t x[kBlock + kSweepRows];  // zero behind the block's end

  BlockDigits(const int16_t* digits, uint32_t size) {
    memset(x, 0, sizeof x);
    memcpy(x, digits, size * sizeof *x);
  }
  Int16 pair(uint32_t k) const {
    int32_t both_digits;
    memcpy(&both_digits, x + k, sizeof both_digits);
    return set(both_digits);
  }
};

GROK1_INLINE void add_strip(const int8_t* const* rows, const BlockDigits& x, uint32_t k, int32_t* sums) {
  for (uint32_t n = 0; n < kStrip; n += 16) {
    Int16 sum = load(sums + n);
    for (uint32_t i = 0; i < kSweepRows; i += 2) sum = dot2(sum, pairs(rows[i] + n, rows[i + 1] + n), x.pair(k + i));
    store(sums + n, sum);
  }
}

GROK1_INLINE void exact_sums(const int32_t* sums, const BlockDigits&, Int16* t) {
  for (uint32_t i = 0; i < kStrip / 16; ++i) t[i] = load(sums + 16 * i);
}

}  // namespace grok1::cpu::GROK1_ISA

#endif
