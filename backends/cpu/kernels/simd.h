// Sixteen lanes of float or int32, whatever register holds them: the vocabulary of all kernels. One operation means the
// same numbers on every instruction set (but see fma in registers_baseline.h). Everything is inlined into this
// namespace, which is named after the instruction set.
#ifndef GROK1_BACKENDS_CPU_KERNELS_SIMD_H
#define GROK1_BACKENDS_CPU_KERNELS_SIMD_H

#include <stdint.h>
#include <string.h>

#include "backends/cpu/kernels/kernels.h"

#define GROK1_INLINE static inline __attribute__((always_inline, unused))

#if defined(__AVX512F__)
#include "backends/cpu/kernels/registers_avx512.h"
#elif defined(__AVX2__)
#include "backends/cpu/kernels/registers_avx2.h"
#else
#include "backends/cpu/kernels/registers_baseline.h"
#endif

namespace grok1::cpu::GROK1_ISA {

struct Float16 {
  RegF r[kRegs];
};
struct Int16 {
  RegI r[kRegs];
};
constexpr int kRegLanes = 16 / kRegs;

#define GROK1_EACH(i) for (int i = 0; i < kRegs; ++i)

GROK1_INLINE Float16 set(float x) {
  Float16 f;
  GROK1_EACH(i) f.r[i] = reg_set(x);
  return f;
}
GROK1_INLINE Int16 set(int32_t x) {
  Int16 f;
  GROK1_EACH(i) f.r[i] = reg_set(x);
  return f;
}
GROK1_INLINE Float16 load(const float* p) {
  Float16 f;
  GROK1_EACH(i) f.r[i] = reg_load(p + kRegLanes * i);
  return f;
}
GROK1_INLINE Int16 load(const int32_t* p) {
  Int16 f;
  GROK1_EACH(i) f.r[i] = reg_load(p + kRegLanes * i);
  return f;
}
GROK1_INLINE void store(float* p, Float16 a) {
  GROK1_EACH(i) reg_store(p + kRegLanes * i, a.r[i]);
}
GROK1_INLINE void store(int32_t* p, Int16 a) {
  GROK1_EACH(i) reg_store(p + kRegLanes * i, a.r[i]);
}

#define GROK1_BINARY(type, name, reg_name)           \
  GROK1_INLINE type name(type a, type b) {           \
    GROK1_EACH(i) a.r[i] = reg_name(a.r[i], b.r[i]); \
    return a;                                        \
  }
GROK1_BINARY(Float16, add, reg_add)
GROK1_BINARY(Float16, sub, reg_sub)
GROK1_BINARY(Float16, mul, reg_mul)
GROK1_BINARY(Float16, div, reg_div)
GROK1_BINARY(Float16, min, reg_min)  // b where one is not a number
GROK1_BINARY(Float16, max, reg_max)
GROK1_BINARY(Int16, add, reg_add)
GROK1_BINARY(Int16, sub, reg_sub)
GROK1_BINARY(Int16, both, reg_and)
GROK1_BINARY(Int16, either, reg_or)
GROK1_BINARY(Int16, without, reg_and_not)
GROK1_BINARY(Int16, greater, reg_greater)
GROK1_BINARY(Int16, max, reg_max)
#undef GROK1_BINARY

GROK1_INLINE Float16 fma(Float16 a, Float16 b, Float16 c) {  // a * b + c
  GROK1_EACH(i) c.r[i] = reg_fma(a.r[i], b.r[i], c.r[i]);
  return c;
}
GROK1_INLINE Int16 dot2(Int16 sum, Int16 a, Int16 b) {  // sum + both int16 products of each lane
  GROK1_EACH(i) sum.r[i] = reg_dot2(sum.r[i], a.r[i], b.r[i]);
  return sum;
}
#if defined(GROK1_HAS_DOT4)
GROK1_INLINE Int16 dot4(Int16 sum, Int16 a, Int16 b) {  // sum + four products of uint8 and int8 of each lane
  GROK1_EACH(i) sum.r[i] = reg_dot4(sum.r[i], a.r[i], b.r[i]);
  return sum;
}
#endif
template <int N>
GROK1_INLINE Int16 shift_left(Int16 a) {
  GROK1_EACH(i) a.r[i] = reg_shift_left<N>(a.r[i]);
  return a;
}
GROK1_INLINE Int16 bits(Float16 a) {
  Int16 b;
  GROK1_EACH(i) b.r[i] = reg_bits(a.r[i]);
  return b;
}
GROK1_INLINE Float16 float_of_bits(Int16 a) {
  Float16 b;
  GROK1_EACH(i) b.r[i] = reg_float_of_bits(a.r[i]);
  return b;
}
GROK1_INLINE Float16 convert(Int16 a) {
  Float16 b;
  GROK1_EACH(i) b.r[i] = reg_convert(a.r[i]);
  return b;
}
GROK1_INLINE Int16 round(Float16 a) {  // to nearest, ties to even
  Int16 b;
  GROK1_EACH(i) b.r[i] = reg_round(a.r[i]);
  return b;
}

// The one tree of every sum: lanes i and i + 8, then 4, 2, 1 apart.
GROK1_INLINE float sum_of_lanes(Float16 a) {
  __m128 s = fold_add(a.r);
  s = _mm_add_ps(s, _mm_movehl_ps(s, s));
  return _mm_cvtss_f32(_mm_add_ss(s, _mm_shuffle_ps(s, s, 1)));
}
// The same of four, whose lanes i and i + 8, then i and i + 4 have been added by fold_add.
GROK1_INLINE __m128 sums_of_four(const __m128 (&a)[4]) {
  const __m128 ab = _mm_add_ps(_mm_movelh_ps(a[0], a[1]), _mm_movehl_ps(a[1], a[0]));
  const __m128 cd = _mm_add_ps(_mm_movelh_ps(a[2], a[3]), _mm_movehl_ps(a[3], a[2]));
  return _mm_add_ps(_mm_shuffle_ps(ab, cd, 0x88), _mm_shuffle_ps(ab, cd, 0xdd));
}
GROK1_INLINE float most_of_lanes(Float16 a) {
  __m128 s = fold_max(a.r);
  s = _mm_max_ps(s, _mm_movehl_ps(s, s));
  return _mm_cvtss_f32(_mm_max_ss(s, _mm_shuffle_ps(s, s, 1)));
}
GROK1_INLINE int32_t sum_of_lanes(Int16 a) {
  int32_t lane[16], sum = 0;
  store(lane, a);
  for (int i = 0; i < 16; ++i) sum += lane[i];
  return sum;
}
GROK1_INLINE int32_t most_of_lanes(Int16 a) {
  int32_t lane[4];
  _mm_storeu_si128(reinterpret_cast<__m128i*>(lane), fold_max(a.r));
  for (int i = 1; i < 4; ++i) lane[0] = lane[i] > lane[0] ? lane[i] : lane[0];
  return lane[0];
}

// Sixteen stored numbers as floats.
template <Element E>
GROK1_INLINE Float16 load_as(const char* p) {
  Float16 f;
  if constexpr (E == Element::f32) {
    f = load(reinterpret_cast<const float*>(p));
  } else if constexpr (E == Element::f16) {
    load_f16(p, f.r);
  } else {
    Int16 h;
    load_halves(p, h.r);
    f = float_of_bits(shift_left<16>(h));
  }
  return f;
}
GROK1_INLINE Int16 load_digits(const char* p) {  // sixteen int8
  Int16 d;
  load_i8(p, d.r);
  return d;
}
template <Element E>
constexpr uint32_t kBytesOf = E == Element::f32  ? 4
                              : E == Element::i8 ? 1
                                                 : 2;

// The first `count` of sixteen, the rest 0: nothing behind them is read.
template <Element E>
GROK1_INLINE Float16 load_some(const char* p, uint32_t count) {
  char copy[64] = {};
  memcpy(copy, p, count * kBytesOf<E>);
  return load_as<E>(copy);
}
GROK1_INLINE void store_some(float* p, Float16 a, uint32_t count) {
  float copy[16];
  store(copy, a);
  memcpy(p, copy, count * sizeof(float));
}

// A loop over n in sixteens; body(n, lanes) has lanes < 16 at the end only.
template <class Body>
GROK1_INLINE void in_sixteens(uint64_t count, Body body) {
  uint64_t n = 0;
  for (; n + 16 <= count; n += 16) body(n, 16u);
  if (n < count) body(n, static_cast<uint32_t>(count - n));
}
template <Element E>
GROK1_INLINE Float16 load_lanes(const char* p, uint32_t lanes) {
  return lanes == 16 ? load_as<E>(p) : load_some<E>(p, lanes);
}
GROK1_INLINE Float16 load_lanes(const float* p, uint32_t lanes) {
  return load_lanes<Element::f32>(reinterpret_cast<const char*>(p), lanes);
}
GROK1_INLINE void store_lanes(float* p, Float16 a, uint32_t lanes) {
  if (lanes == 16) {
    store(p, a);
  } else {
    store_some(p, a, lanes);
  }
}

GROK1_INLINE uint64_t row_of(const Rows& rows, uint32_t m) {
  return rows.index == nullptr ? m : rows.index[m];
}

// function<E>(...) for the float element type that a run-time value names.
#define GROK1_WITH_ELEMENT(element, function, ...) \
  do {                                             \
    if ((element) == Element::f16) {               \
      function<Element::f16>(__VA_ARGS__);         \
    } else if ((element) == Element::bf16) {       \
      function<Element::bf16>(__VA_ARGS__);        \
    } else {                                       \
      function<Element::f32>(__VA_ARGS__);         \
    }                                              \
  } while (false)

}  // namespace grok1::cpu::GROK1_ISA

#endif
