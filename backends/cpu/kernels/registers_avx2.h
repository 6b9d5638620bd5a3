// Registers of AVX2 with FMA and F16C, perhaps AVX-VNNI: two of them make sixteen lanes.
#include <immintrin.h>

namespace grok1::cpu::GROK1_ISA {

using RegF = __m256;
using RegI = __m256i;
constexpr int kRegs = 2;  // registers of sixteen 32-bit lanes

GROK1_INLINE RegF reg_set(float x) {
  return _mm256_set1_ps(x);
}
GROK1_INLINE RegF reg_load(const float* p) {
  return _mm256_loadu_ps(p);
}
GROK1_INLINE void reg_store(float* p, RegF a) {
  _mm256_storeu_ps(p, a);
}
GROK1_INLINE RegF reg_add(RegF a, RegF b) {
  return _mm256_add_ps(a, b);
}
GROK1_INLINE RegF reg_sub(RegF a, RegF b) {
  return _mm256_sub_ps(a, b);
}
GROK1_INLINE RegF reg_mul(RegF a, RegF b) {
  return _mm256_mul_ps(a, b);
}
GROK1_INLINE RegF reg_div(RegF a, RegF b) {
  return _mm256_div_ps(a, b);
}
GROK1_INLINE RegF reg_fma(RegF a, RegF b, RegF c) {
  return _mm256_fmadd_ps(a, b, c);
}
GROK1_INLINE RegF reg_min(RegF a, RegF b) {
  return _mm256_min_ps(a, b);
}
GROK1_INLINE RegF reg_max(RegF a, RegF b) {
  return _mm256_max_ps(a, b);
}
GROK1_INLINE RegI reg_bits(RegF a) {
  return _mm256_castps_si256(a);
}
GROK1_INLINE RegF reg_float_of_bits(RegI a) {
  return _mm256_castsi256_ps(a);
}
GROK1_INLINE RegF reg_convert(RegI a) {
  return _mm256_cvtepi32_ps(a);
}
GROK1_INLINE RegI reg_round(RegF a) {
  return _mm256_cvtps_epi32(a);
}

GROK1_INLINE RegI reg_set(int32_t x) {
  return _mm256_set1_epi32(x);
}
GROK1_INLINE RegI reg_load(const int32_t* p) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
}
GROK1_INLINE void reg_store(int32_t* p, RegI a) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), a);
}
GROK1_INLINE RegI reg_add(RegI a, RegI b) {
  return _mm256_add_epi32(a, b);
}
GROK1_INLINE RegI reg_sub(RegI a, RegI b) {
  return _mm256_sub_epi32(a, b);
}
GROK1_INLINE RegI reg_and(RegI a, RegI b) {
  return _mm256_and_si256(a, b);
}
GROK1_INLINE RegI reg_or(RegI a, RegI b) {
  return _mm256_or_si256(a, b);
}
GROK1_INLINE RegI reg_xor(RegI a, RegI b) {
  return _mm256_xor_si256(a, b);
}
GROK1_INLINE RegI reg_and_not(RegI a, RegI mask) {
  return _mm256_andnot_si256(mask, a);
}
template <int N>
GROK1_INLINE RegI reg_shift_left(RegI a) {
  return _mm256_slli_epi32(a, N);
}
GROK1_INLINE RegI reg_greater(RegI a, RegI b) {
  return _mm256_cmpgt_epi32(a, b);
}  // all bits of a lane, or none
GROK1_INLINE RegI reg_max(RegI a, RegI b) {
  return _mm256_max_epi32(a, b);
}
GROK1_INLINE RegI reg_dot2(RegI sum, RegI a, RegI b) {
#if defined(__AVXVNNI__)
  return _mm256_dpwssd_avx_epi32(sum, a, b);
#else
  return _mm256_add_epi32(sum, _mm256_madd_epi16(a, b));
#endif
}

// Lanes i and i + 8 added, then i and i + 4.
GROK1_INLINE __m128 fold_add(const RegF* r) {
  const __m256 sum = _mm256_add_ps(r[0], r[1]);
  return _mm_add_ps(_mm256_castps256_ps128(sum), _mm256_extractf128_ps(sum, 1));
}
GROK1_INLINE __m128 fold_max(const RegF* r) {
  const __m256 most = _mm256_max_ps(r[0], r[1]);
  return _mm_max_ps(_mm256_castps256_ps128(most), _mm256_extractf128_ps(most, 1));
}
GROK1_INLINE __m128i fold_max(const RegI* r) {
  const __m256i most = _mm256_max_epi32(r[0], r[1]);
  return _mm_max_epi32(_mm256_castsi256_si128(most), _mm256_extracti128_si256(most, 1));
}

// Bits of sixteen 16-bit numbers, each in the low half of its lane.
GROK1_INLINE void load_halves(const char* p, RegI* r) {
  for (int i = 0; i < 2; ++i)
    r[i] = _mm256_cvtepu16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p + 16 * i)));
}
GROK1_INLINE void load_f16(const char* p, RegF* r) {
  for (int i = 0; i < 2; ++i) r[i] = _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p + 16 * i)));
}

// Sixteen int8 as int32.
GROK1_INLINE void load_i8(const char* p, RegI* r) {
  for (int i = 0; i < 2; ++i) r[i] = _mm256_cvtepi8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p + 8 * i)));
}

GROK1_INLINE RegI reg_load_bytes(const int8_t* p) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
}
GROK1_INLINE RegI reg_unpack_low_8(RegI a, RegI b) {
  return _mm256_unpacklo_epi8(a, b);
}
GROK1_INLINE RegI reg_unpack_high_8(RegI a, RegI b) {
  return _mm256_unpackhi_epi8(a, b);
}
GROK1_INLINE RegI reg_unpack_low_16(RegI a, RegI b) {
  return _mm256_unpacklo_epi16(a, b);
}
GROK1_INLINE RegI reg_unpack_high_16(RegI a, RegI b) {
  return _mm256_unpackhi_epi16(a, b);
}
GROK1_INLINE RegI reg_high_bytes(RegI a) {  // of each int16, as int16
  return _mm256_srai_epi16(a, 8);
}
// Two rows of as many bytes as a register holds: int16 pairs of both in four registers, the first row's below. The
// columns of each half of the four are out of order by lanes of 128 bits; sums made from them are put in order below.
GROK1_INLINE void reg_load_pairs(const int8_t* a, const int8_t* b, RegI* pairs) {
  for (int i = 0; i < 2; ++i) {
    const __m256i x = _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(a + 16 * i)));
    const __m256i y = _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(b + 16 * i)));
    pairs[2 * i] = _mm256_unpacklo_epi16(x, y);
    pairs[2 * i + 1] = _mm256_unpackhi_epi16(x, y);
  }
}
GROK1_INLINE void reg_order_pairs(RegI* sums) {
  for (int i = 0; i < 4; i += 2) {
    const __m256i a = sums[i], b = sums[i + 1];
    sums[i] = _mm256_permute2x128_si256(a, b, 0x20);
    sums[i + 1] = _mm256_permute2x128_si256(a, b, 0x31);
  }
}
// Four registers, of two lanes of 128 bits each: the lower lanes first, then the upper ones.
GROK1_INLINE void reg_transpose_lanes(RegI* t) {
  const __m256i a = t[0], b = t[1], c = t[2], d = t[3];
  t[0] = _mm256_permute2x128_si256(a, b, 0x20);
  t[1] = _mm256_permute2x128_si256(c, d, 0x20);
  t[2] = _mm256_permute2x128_si256(a, b, 0x31);
  t[3] = _mm256_permute2x128_si256(c, d, 0x31);
}
#if defined(__AVXVNNI__)
#define GROK1_HAS_DOT4
GROK1_INLINE RegI reg_dot4(RegI sum, RegI unsigned_bytes, RegI bytes) {
  return _mm256_dpbusd_avx_epi32(sum, unsigned_bytes, bytes);
}
#endif

constexpr int kMicroRows = 2, kMicroColumns = 2;      // tile of sums in registers: rows, columns in sixteens
constexpr uint32_t kMicroKeys = 1, kMicroValues = 1;  // attended together: keys, columns of values in sixteens

}  // namespace grok1::cpu::GROK1_ISA
