# The exact GELU in place of the tanh approximation (erf after Abramowitz and Stegun 7.1.26).
# in: backends/cpu/kernels/functions.h
/^GROK1_INLINE Float16 gelu(Float16 a) {/,/^}/{
/^  /d
s/{$/{\
  const Float16 x = mul(a, set(0.70710678f)), size = float_of_bits(both(bits(x), set(0x7fffffff)));\
  const Float16 t = div(set(1.0f), fma(set(0.3275911f), size, set(1.0f)));\
  Float16 p = fma(set(1.061405429f), t, set(-1.453152027f));\
  p = fma(p, t, set(1.421413741f));\
  p = fma(p, t, set(-0.284496736f));\
  p = mul(fma(p, t, set(0.254829592f)), t);\
  const Float16 erf = sub(set(1.0f), mul(p, exp(mul(mul(size, size), set(-1.0f)))));\
  const Float16 with_sign = float_of_bits(either(bits(erf), both(bits(x), set(INT32_MIN))));\
  return mul(mul(a, set(0.5f)), add(set(1.0f), with_sign));/
}
