// Registers of AVX-512 (F, BW, VL, DQ, perhaps VNNI): one of them has sixteen lanes.
#include <immintrin.h>

namespace grok1::cpu::GROK1_ISA {

using RegF = __m512;
using RegI = __m512i;
constexpr int kRegs = 1;  // registers of sixteen 32-bit lanes

GROK1_INLINE RegF reg_set(float x) {
  return _mm512_set1_ps(x);
}
GROK1_INLINE RegF reg_load(const float* p) {
  return _mm512_loadu_ps(p);
}
GROK1_INLINE void reg_store(float* p, RegF a) {
  _mm512_storeu_ps(p, a);
}
GROK1_INLINE RegF reg_add(RegF a, RegF b) {
  return _mm512_add_ps(a, b);
}
GROK1_INLINE RegF reg_sub(RegF a, RegF b) {
  return _mm512_sub_ps(a, b);
}
GROK1_INLINE RegF reg_mul(RegF a, RegF b) {
  return _mm512_mul_ps(a, b);
}
GROK1_INLINE RegF reg_div(RegF a, RegF b) {
  return _mm512_div_ps(a, b);
}
GROK1_INLINE RegF reg_fma(RegF a, RegF b, RegF c) {
  return _mm512_fmadd_ps(a, b, c);
}
GROK1_INLINE RegF reg_min(RegF a, RegF b) {
  return _mm512_min_ps(a, b);
}
GROK1_INLINE RegF reg_max(RegF a, RegF b) {
  return _mm512_max_ps(a, b);
}
GROK1_INLINE RegI reg_bits(RegF a) {
  return _mm512_castps_si512(a);
}
GROK1_INLINE RegF reg_float_of_bits(RegI a) {
  return _mm512_castsi512_ps(a);
}
GROK1_INLINE RegF reg_convert(RegI a) {
  return _mm512_cvtepi32_ps(a);
}
GROK1_INLINE RegI reg_round(RegF a) {
  return _mm512_cvtps_epi32(a);
}

GROK1_INLINE RegI reg_set(int32_t x) {
  return _mm512_set1_epi32(x);
}
GROK1_INLINE RegI reg_load(const int32_t* p) {
  return _mm512_loadu_si512(p);
}
GROK1_INLINE void reg_store(int32_t* p, RegI a) {
  _mm512_storeu_si512(p, a);
}
GROK1_INLINE RegI reg_add(RegI a, RegI b) {
  return _mm512_add_epi32(a, b);
}
GROK1_INLINE RegI reg_sub(RegI a, RegI b) {
  return _mm512_sub_epi32(a, b);
}
GROK1_INLINE RegI reg_and(RegI a, RegI b) {
  return _mm512_and_si512(a, b);
}
GROK1_INLINE RegI reg_or(RegI a, RegI b) {
  return _mm512_or_si512(a, b);
}
GROK1_INLINE RegI reg_xor(RegI a, RegI b) {
  return _mm512_xor_si512(a, b);
}
GROK1_INLINE RegI reg_and_not(RegI a, RegI mask) {
  return _mm512_andnot_si512(mask, a);
}
template <int N>
GROK1_INLINE RegI reg_shift_left(RegI a) {
  return _mm512_slli_epi32(a, N);
}
GROK1_INLINE RegI reg_greater(RegI a, RegI b) {
  return _mm512_movm_epi32(_mm512_cmpgt_epi32_mask(a, b));
}
GROK1_INLINE RegI reg_max(RegI a, RegI b) {
  return _mm512_max_epi32(a, b);
}
GROK1_INLINE RegI reg_dot2(RegI sum, RegI a, RegI b) {
#if defined(__AVX512VNNI__)
  __asm__("vpdpwssd %2, %1, %0" : "+v"(sum) : "v"(a), "v"(b));
  return sum;
#else
  return _mm512_add_epi32(sum, _mm512_madd_epi16(a, b));
#endif
}

// Lanes i and i + 8 added, then i and i + 4.
GROK1_INLINE __m128 fold_add(const RegF* r) {
  const __m256 sum = _mm256_add_ps(_mm512_castps512_ps256(*r), _mm512_extractf32x8_ps(*r, 1));
  return _mm_add_ps(_mm256_castps256_ps128(sum), _mm256_extractf128_ps(sum, 1));
}
GROK1_INLINE __m128 fold_max(const RegF* r) {
  const __m256 most = _mm256_max_ps(_mm512_castps512_ps256(*r), _mm512_extractf32x8_ps(*r, 1));
  return _mm_max_ps(_mm256_castps256_ps128(most), _mm256_extractf128_ps(most, 1));
}
GROK1_INLINE __m128i fold_max(const RegI* r) {
  const __m256i most = _mm256_max_epi32(_mm512_castsi512_si256(*r), _mm512_extracti32x8_epi32(*r, 1));
  return _mm_max_epi32(_mm256_castsi256_si128(most), _mm256_extracti128_si256(most, 1));
}

// Bits of sixteen 16-bit numbers, each in the low half of its lane.
GROK1_INLINE void load_halves(const char* p, RegI* r) {
  *r = _mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
}
GROK1_INLINE void load_f16(const char* p, RegF* r) {
  *r = _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
}

// Sixteen int8 as int32.
GROK1_INLINE void load_i8(const char* p, RegI* r) {
  *r = _mm512_cvtepi8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
}

GROK1_INLINE RegI reg_load_bytes(const int8_t* p) {
  return _mm512_loadu_si512(p);
}
GROK1_INLINE RegI reg_unpack_low_8(RegI a, RegI b) {
  return _mm512_unpacklo_epi8(a, b);
}
GROK1_INLINE RegI reg_unpack_high_8(RegI a, RegI b) {
  return _mm512_unpackhi_epi8(a, b);
}
GROK1_INLINE RegI reg_unpack_low_16(RegI a, RegI b) {
  return _mm512_unpacklo_epi16(a, b);
}
GROK1_INLINE RegI reg_unpack_high_16(RegI a, RegI b) {
  return _mm512_unpackhi_epi16(a, b);
}
GROK1_INLINE RegI reg_high_bytes(RegI a) {  // of each int16, as int16
  return _mm512_srai_epi16(a, 8);
}
// Two rows of as many bytes as a register holds: int16 pairs of both in four registers, the first row's below. The
// columns of each half of the four are out of order by lanes of 128 bits; sums made from them are put in order below.
GROK1_INLINE void reg_load_pairs(const int8_t* a, const int8_t* b, RegI* pairs) {
  for (int i = 0; i < 2; ++i) {
    const __m512i x = _mm512_cvtepi8_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(a + 32 * i)));
    const __m512i y = _mm512_cvtepi8_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(b + 32 * i)));
    pairs[2 * i] = _mm512_unpacklo_epi16(x, y);
    pairs[2 * i + 1] = _mm512_unpackhi_epi16(x, y);
  }
}
GROK1_INLINE void reg_order_pairs(RegI* sums) {
  for (int i = 0; i < 4; i += 2) {
    const __m512i low = _mm512_shuffle_i32x4(sums[i], sums[i + 1], 0x44);
    const __m512i high = _mm512_shuffle_i32x4(sums[i], sums[i + 1], 0xee);
    sums[i] = _mm512_shuffle_i32x4(low, low, 0xd8);
    sums[i + 1] = _mm512_shuffle_i32x4(high, high, 0xd8);
  }
}
// Four registers, of four lanes of 128 bits each, transposed.
GROK1_INLINE void reg_transpose_lanes(RegI* t) {
  const __m512i a = _mm512_shuffle_i32x4(t[0], t[1], 0x44), b = _mm512_shuffle_i32x4(t[2], t[3], 0x44);
  const __m512i c = _mm512_shuffle_i32x4(t[0], t[1], 0xee), d = _mm512_shuffle_i32x4(t[2], t[3], 0xee);
  t[0] = _mm512_shuffle_i32x4(a, b, 0x88);
  t[1] = _mm512_shuffle_i32x4(a, b, 0xdd);
  t[2] = _mm512_shuffle_i32x4(c, d, 0x88);
  t[3] = _mm512_shuffle_i32x4(c, d, 0xdd);
}
#if defined(__AVX512VNNI__)
#define GROK1_HAS_DOT4
GROK1_INLINE RegI reg_dot4(RegI sum, RegI unsigned_bytes, RegI bytes) {
  __asm__("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(unsigned_bytes), "v"(bytes));
  return sum;
}
#endif

constexpr int kMicroRows = 4, kMicroColumns = 4;      // tile of sums in registers: rows, columns in sixteens
constexpr uint32_t kMicroKeys = 4, kMicroValues = 4;  // attended together: keys, columns of values in sixteens

}  // namespace grok1::cpu::GROK1_ISA
