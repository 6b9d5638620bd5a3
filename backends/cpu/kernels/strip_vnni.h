// The inner loop of a sweep with AVX-512 VNNI: digits are split in two int8 (x = 256 high + low), four rows of weights
// are interleaved by bytes and multiplied with four digits at a time. vpdpbusd wants one unsigned side: weights have
// 128 added, and 128 * (sum of x) is taken off when the block ends. All sums are modulo 2^32 and the result fits, so it
// is exact. Interleaving leaves columns permuted until then: column n of a strip is in sum (n / 4) % 4, lane 4 * (n /
// 16) + n % 4.
#ifndef GROK1_BACKENDS_CPU_KERNELS_STRIP_VNNI_H
#define GROK1_BACKENDS_CPU_KERNELS_STRIP_VNNI_H

#include "backends/cpu/kernels/simd.h"

namespace grok1::cpu::GROK1_ISA {

constexpr uint32_t kSweepRows = 8;
constexpr uint32_t kSumsPerColumn = 2;

struct BlockDigits {
  int8_t high[kBlock + kSweepRows], low[kBlock + kSweepRows];  // zero behind the block's end
  int32_t offset = 0;                                          // 128 * sum of x

  BlockDigits(const int16_t* digits, uint32_t size) {
    memset(high, 0, sizeof high);
    memset(low, 0, sizeof low);
    for (uint32_t k = 0; k < size; ++k) {
      const int32_t upper = (digits[k] + 128) >> 8;
      high[k] = static_cast<int8_t>(upper);
      low[k] = static_cast<int8_t>(digits[k] - 256 * upper);
      offset += 128 * digits[k];
    }
  }
};

GROK1_INLINE __m512i four_digits(const int8_t* digits) {
  int32_t all;
  memcpy(&all, digits, sizeof all);
  return _mm512_set1_epi32(all);
}

GROK1_INLINE __m512i unsigned_weights(const int8_t* w) {
  return _mm512_xor_si512(_mm512_loadu_si512(w), _mm512_set1_epi8(-128));
}

GROK1_INLINE void add_four_rows(const int8_t* const* rows, __m512i high, __m512i low, __m512i* sum) {
  const __m512i r0 = unsigned_weights(rows[0]), r1 = unsigned_weights(rows[1]);
  const __m512i r2 = unsigned_weights(rows[2]), r3 = unsigned_weights(rows[3]);
  const __m512i a = _mm512_unpacklo_epi8(r0, r1), b = _mm512_unpackhi_epi8(r0, r1);
  const __m512i c = _mm512_unpacklo_epi8(r2, r3), d = _mm512_unpackhi_epi8(r2, r3);
  const __m512i quad[4] = {_mm512_unpacklo_epi16(a, c), _mm512_unpackhi_epi16(a, c), _mm512_unpacklo_epi16(b, d),
                           _mm512_unpackhi_epi16(b, d)};
  for (int j = 0; j < 4; ++j) {
    sum[j] = _mm512_dpbusd_epi32(sum[j], quad[j], high);
    sum[4 + j] = _mm512_dpbusd_epi32(sum[4 + j], quad[j], low);
  }
}

GROK1_INLINE void add_strip(const int8_t* const* rows, const BlockDigits& x, uint32_t k, int32_t* sums) {
  __m512i sum[8];
  for (int j = 0; j < 8; ++j) sum[j] = _mm512_loadu_si512(sums + 16 * j);
  for (uint32_t i = 0; i < kSweepRows; i += 4)
    add_four_rows(rows + i, four_digits(x.high + k + i), four_digits(x.low + k + i), sum);
  for (int j = 0; j < 8; ++j) _mm512_storeu_si512(sums + 16 * j, sum[j]);
}

GROK1_INLINE void exact_sums(const int32_t* sums, const BlockDigits& x, Int16* t) {
  __m512i s[4];
  for (int j = 0; j < 4; ++j) {
    const __m512i high = _mm512_loadu_si512(sums + 16 * j), low = _mm512_loadu_si512(sums + 64 + 16 * j);
    s[j] = _mm512_sub_epi32(_mm512_add_epi32(_mm512_slli_epi32(high, 8), low), _mm512_set1_epi32(x.offset));
  }
  // Quarter i of all four sums are columns 16 i .. 16 i + 15.
  const __m512i a = _mm512_shuffle_i32x4(s[0], s[1], 0x44), b = _mm512_shuffle_i32x4(s[2], s[3], 0x44);
  const __m512i c = _mm512_shuffle_i32x4(s[0], s[1], 0xee), d = _mm512_shuffle_i32x4(s[2], s[3], 0xee);
  t[0].r[0] = _mm512_shuffle_i32x4(a, b, 0x88);
  t[1].r[0] = _mm512_shuffle_i32x4(a, b, 0xdd);
  t[2].r[0] = _mm512_shuffle_i32x4(c, d, 0x88);
  t[3].r[0] = _mm512_shuffle_i32x4(c, d, 0xdd);
}

}  // namespace grok1::cpu::GROK1_ISA

#endif
