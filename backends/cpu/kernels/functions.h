// exp, tanh and gelu on sixteen lanes. Reduction and polynomial in fused multiply-adds, so the bits are the same on
// every instruction set that has them. Bounds, checked against long double in tests/unit/cpu/functions_test.cpp:
//   exp   relative error <= 2e-7 for -87 <= x <= 88; 0 below -87; e^88 above
//   tanh  relative error <= 4e-7
//   gelu  absolute error <= 1e-6 * max(1, |a|)
#ifndef GROK1_BACKENDS_CPU_KERNELS_FUNCTIONS_H
#define GROK1_BACKENDS_CPU_KERNELS_FUNCTIONS_H

#include "backends/cpu/kernels/simd.h"

namespace grok1::cpu::GROK1_ISA {

struct Reduced {
  Float16 power;  // 2^n
  Float16 less1;  // e^r - 1, |r| <= ln 2 / 2
};

// x = n ln 2 + r. ln 2 in two parts, of which the first has so few bits that n times it is exact; e^r - 1 as Taylor's
// series to r^7, whose remainder is below 6e-9 of e^r.
GROK1_INLINE Reduced reduce_exp(Float16 x) {
  const Int16 n = round(mul(x, set(1.44269504f)));
  const Float16 whole = convert(n);
  Float16 r = fma(whole, set(-0.693359375f), x);
  r = fma(whole, set(2.12194440e-4f), r);
  Float16 p = set(1.0f / 5040);
  p = fma(p, r, set(1.0f / 720));
  p = fma(p, r, set(1.0f / 120));
  p = fma(p, r, set(1.0f / 24));
  p = fma(p, r, set(1.0f / 6));
  p = fma(p, r, set(0.5f));
  return {float_of_bits(shift_left<23>(add(n, set(127)))), fma(mul(r, r), p, r)};
}

GROK1_INLINE Float16 exp(Float16 x) {
  const Float16 inside = max(set(-87.0f), min(set(88.0f), x));
  const Reduced e = reduce_exp(inside);
  const Float16 y = fma(e.power, e.less1, e.power);
  // As integers, negative floats grow with their size: those from below -87 to -infinity give 0, no NaN among them.
  const Int16 below = greater(bits(x), bits(set(-87.0f)));
  const Int16 vanishes = both(below, greater(add(bits(set(-__builtin_inff())), set(1)), bits(x)));
  return float_of_bits(without(bits(y), vanishes));
}

// tanh |x| = e / (e + 2) with e = e^(2 |x|) - 1, which loses nothing near 0. From 10 on the float nearest to it is 1.
GROK1_INLINE Float16 tanh(Float16 x) {
  const Int16 sign = both(bits(x), set(INT32_MIN));
  const Float16 size = min(set(10.0f), float_of_bits(both(bits(x), set(0x7fffffff))));
  const Reduced e = reduce_exp(add(size, size));
  const Float16 less1 = fma(e.power, e.less1, sub(e.power, set(1.0f)));
  return float_of_bits(either(bits(div(less1, add(less1, set(2.0f)))), sign));
}

// 0.5 a (1 + tanh u) = a / (1 + e^(-2 u)), u = sqrt(2 / pi) (a + 0.044715 a^3).
GROK1_INLINE Float16 gelu(Float16 a) {
  const Float16 cubic = mul(mul(a, a), set(0.044715f));
  const Float16 u = mul(fma(cubic, a, a), set(-1.5957691216f));  // -2 sqrt(2 / pi)
  return div(a, add(set(1.0f), exp(u)));
}

}  // namespace grok1::cpu::GROK1_ISA

#endif
