// Registers of baseline x86-64: four of SSE2 make sixteen lanes. No fused multiply-add: a product is rounded before the
// sum, so results may differ in their last bits from the other instruction sets.
#include <emmintrin.h>

namespace grok1::cpu::GROK1_ISA {

using RegF = __m128;
using RegI = __m128i;
constexpr int kRegs = 4;  // registers of sixteen 32-bit lanes

GROK1_INLINE RegF reg_set(float x) {
  return _mm_set1_ps(x);
}
GROK1_INLINE RegF reg_load(const float* p) {
  return _mm_loadu_ps(p);
}
GROK1_INLINE void reg_store(float* p, RegF a) {
  _mm_storeu_ps(p, a);
}
GROK1_INLINE RegF reg_add(RegF a, RegF b) {
  return _mm_add_ps(a, b);
}
GROK1_INLINE RegF reg_sub(RegF a, RegF b) {
  return _mm_sub_ps(a, b);
}
GROK1_INLINE RegF reg_mul(RegF a, RegF b) {
  return _mm_mul_ps(a, b);
}
GROK1_INLINE RegF reg_div(RegF a, RegF b) {
  return _mm_div_ps(a, b);
}
GROK1_INLINE RegF reg_fma(RegF a, RegF b, RegF c) {
  return _mm_add_ps(_mm_mul_ps(a, b), c);
}
GROK1_INLINE RegF reg_min(RegF a, RegF b) {
  return _mm_min_ps(a, b);
}
GROK1_INLINE RegF reg_max(RegF a, RegF b) {
  return _mm_max_ps(a, b);
}
GROK1_INLINE RegI reg_bits(RegF a) {
  return _mm_castps_si128(a);
}
GROK1_INLINE RegF reg_float_of_bits(RegI a) {
  return _mm_castsi128_ps(a);
}
GROK1_INLINE RegF reg_convert(RegI a) {
  return _mm_cvtepi32_ps(a);
}
GROK1_INLINE RegI reg_round(RegF a) {
  return _mm_cvtps_epi32(a);
}

GROK1_INLINE RegI reg_set(int32_t x) {
  return _mm_set1_epi32(x);
}
GROK1_INLINE RegI reg_load(const int32_t* p) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
}
GROK1_INLINE void reg_store(int32_t* p, RegI a) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), a);
}
GROK1_INLINE RegI reg_add(RegI a, RegI b) {
  return _mm_add_epi32(a, b);
}
GROK1_INLINE RegI reg_sub(RegI a, RegI b) {
  return _mm_sub_epi32(a, b);
}
GROK1_INLINE RegI reg_and(RegI a, RegI b) {
  return _mm_and_si128(a, b);
}
GROK1_INLINE RegI reg_or(RegI a, RegI b) {
  return _mm_or_si128(a, b);
}
GROK1_INLINE RegI reg_xor(RegI a, RegI b) {
  return _mm_xor_si128(a, b);
}
GROK1_INLINE RegI reg_and_not(RegI a, RegI mask) {
  return _mm_andnot_si128(mask, a);
}
template <int N>
GROK1_INLINE RegI reg_shift_left(RegI a) {
  return _mm_slli_epi32(a, N);
}
GROK1_INLINE RegI reg_greater(RegI a, RegI b) {
  return _mm_cmpgt_epi32(a, b);
}  // all bits of a lane, or none
GROK1_INLINE RegI reg_max(RegI a, RegI b) {
  const __m128i above = _mm_cmpgt_epi32(a, b);
  return _mm_or_si128(_mm_and_si128(above, a), _mm_andnot_si128(above, b));
}
GROK1_INLINE RegI reg_dot2(RegI sum, RegI a, RegI b) {
  return _mm_add_epi32(sum, _mm_madd_epi16(a, b));
}

// Lanes i and i + 8 added, then i and i + 4.
GROK1_INLINE __m128 fold_add(const RegF* r) {
  return _mm_add_ps(_mm_add_ps(r[0], r[2]), _mm_add_ps(r[1], r[3]));
}
GROK1_INLINE __m128 fold_max(const RegF* r) {
  return _mm_max_ps(_mm_max_ps(r[0], r[2]), _mm_max_ps(r[1], r[3]));
}
GROK1_INLINE __m128i fold_max(const RegI* r) {
  return reg_max(reg_max(r[0], r[2]), reg_max(r[1], r[3]));
}

// Bits of sixteen 16-bit numbers, each in the low half of its lane.
GROK1_INLINE void load_halves(const char* p, RegI* r) {
  for (int i = 0; i < 2; ++i) {
    const __m128i x = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p + 16 * i));
    r[2 * i] = _mm_unpacklo_epi16(x, _mm_setzero_si128());
    r[2 * i + 1] = _mm_unpackhi_epi16(x, _mm_setzero_si128());
  }
}

// f16 without F16C: the exponent is moved by a multiplication with 2^112, which is exact for subnormal numbers too.
GROK1_INLINE void load_f16(const char* p, RegF* r) {
  RegI bits[4];
  load_halves(p, bits);
  for (int i = 0; i < 4; ++i) {
    const __m128i magnitude = _mm_and_si128(bits[i], _mm_set1_epi32(0x7fff));
    const __m128i sign = _mm_slli_epi32(_mm_and_si128(bits[i], _mm_set1_epi32(0x8000)), 16);
    const __m128 scaled = _mm_mul_ps(_mm_castsi128_ps(_mm_slli_epi32(magnitude, 13)),
                                     _mm_castsi128_ps(_mm_set1_epi32((112 + 127) << 23)));
    const __m128i special = _mm_cmpgt_epi32(magnitude, _mm_set1_epi32(0x7bff));  // infinity or NaN
    const __m128i filled = _mm_or_si128(_mm_castps_si128(scaled), _mm_and_si128(special, _mm_set1_epi32(0x7f800000)));
    r[i] = _mm_castsi128_ps(_mm_or_si128(filled, sign));
  }
}

// Sixteen int8 as int32.
GROK1_INLINE void load_i8(const char* p, RegI* r) {
  const __m128i x = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  const __m128i low = _mm_unpacklo_epi8(x, x), high = _mm_unpackhi_epi8(x, x);
  r[0] = _mm_srai_epi32(_mm_unpacklo_epi16(low, low), 24);
  r[1] = _mm_srai_epi32(_mm_unpackhi_epi16(low, low), 24);
  r[2] = _mm_srai_epi32(_mm_unpacklo_epi16(high, high), 24);
  r[3] = _mm_srai_epi32(_mm_unpackhi_epi16(high, high), 24);
}

GROK1_INLINE RegI reg_load_bytes(const int8_t* p) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
}
GROK1_INLINE RegI reg_unpack_low_8(RegI a, RegI b) {
  return _mm_unpacklo_epi8(a, b);
}
GROK1_INLINE RegI reg_unpack_high_8(RegI a, RegI b) {
  return _mm_unpackhi_epi8(a, b);
}
GROK1_INLINE RegI reg_unpack_low_16(RegI a, RegI b) {
  return _mm_unpacklo_epi16(a, b);
}
GROK1_INLINE RegI reg_unpack_high_16(RegI a, RegI b) {
  return _mm_unpackhi_epi16(a, b);
}
GROK1_INLINE RegI reg_high_bytes(RegI a) {  // of each int16, as int16
  return _mm_srai_epi16(a, 8);
}
// Two rows of sixteen bytes: int16 pairs of both in four registers, the first row's below. SSE2 has no conversion that
// widens with the sign, but a byte above itself, shifted.
GROK1_INLINE void reg_load_pairs(const int8_t* a, const int8_t* b, RegI* pairs) {
  const RegI x = reg_load_bytes(a), y = reg_load_bytes(b);
  const RegI low = reg_unpack_low_8(x, y), high = reg_unpack_high_8(x, y);
  pairs[0] = reg_high_bytes(reg_unpack_low_8(low, low));
  pairs[1] = reg_high_bytes(reg_unpack_high_8(low, low));
  pairs[2] = reg_high_bytes(reg_unpack_low_8(high, high));
  pairs[3] = reg_high_bytes(reg_unpack_high_8(high, high));
}
GROK1_INLINE void reg_order_pairs(RegI*) {}  // a register is one lane
GROK1_INLINE void reg_transpose_lanes(RegI*) {}

constexpr int kMicroRows = 1, kMicroColumns = 1;      // tile of sums in registers: rows, columns in sixteens
constexpr uint32_t kMicroKeys = 1, kMicroValues = 1;  // attended together: keys, columns of values in sixteens

}  // namespace grok1::cpu::GROK1_ISA
