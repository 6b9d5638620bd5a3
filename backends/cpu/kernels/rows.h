// What happens to a row between linear layers: norms, the gated product of an expert, sums with a factor.
#ifndef GROK1_BACKENDS_CPU_KERNELS_ROWS_H
#define GROK1_BACKENDS_CPU_KERNELS_ROWS_H

#include "backends/cpu/kernels/functions.h"

namespace grok1::cpu::GROK1_ISA {

// 1 / sqrt(mean(v^2) + eps), the squares in sixteen partial sums.
GROK1_INLINE Float16 inverse_rms(const float* v, uint32_t size, float eps) {
  Float16 sum = set(0.0f);
  in_sixteens(size, [&](uint64_t i, uint32_t lanes) {
    const Float16 x = load_lanes(v + i, lanes);
    sum = fma(x, x, sum);
  });
  const float mean = sum_of_lanes(sum) / static_cast<float>(size);
  return set(1.0f / _mm_cvtss_f32(_mm_sqrt_ss(_mm_set_ss(mean + eps))));
}

template <Element E>
static void norm_as(const float* h, const char* scale, uint32_t size, float eps, float* x) {
  const Float16 inverse = inverse_rms(h, size, eps);
  in_sixteens(size, [&](uint64_t i, uint32_t lanes) {
    const Float16 s = load_lanes<E>(scale + i * kBytesOf<E>, lanes);
    store_lanes(x + i, mul(s, mul(load_lanes(h + i, lanes), inverse)), lanes);
  });
}

template <Element E>
static void add_norm_as(const float* y, const char* scale, uint32_t size, float eps, float* h) {
  const Float16 inverse = inverse_rms(y, size, eps);
  in_sixteens(size, [&](uint64_t i, uint32_t lanes) {
    const Float16 s = load_lanes<E>(scale + i * kBytesOf<E>, lanes);
    store_lanes(h + i, fma(s, mul(load_lanes(y + i, lanes), inverse), load_lanes(h + i, lanes)), lanes);
  });
}

static void norm(const float* h, const char* scale, Element element, uint32_t size, float eps, float* x) {
  GROK1_WITH_ELEMENT(element, norm_as, h, scale, size, eps, x);
}

static void add_norm(const float* y, const char* scale, Element element, uint32_t size, float eps, float* h) {
  GROK1_WITH_ELEMENT(element, add_norm_as, y, scale, size, eps, h);
}

static void gelu_times(float* gate, const float* up, uint64_t count) {
  in_sixteens(count, [&](uint64_t i, uint32_t lanes) {
    store_lanes(gate + i, mul(gelu(load_lanes(gate + i, lanes)), load_lanes(up + i, lanes)), lanes);
  });
}

static void add_scaled(float* y, const float* x, float factor, uint64_t count) {
  in_sixteens(count, [&](uint64_t i, uint32_t lanes) {
    store_lanes(y + i, fma(set(factor), load_lanes(x + i, lanes), load_lanes(y + i, lanes)), lanes);
  });
}

static void exp_of_each(const float* x, float* y, uint64_t count) {
  in_sixteens(count, [&](uint64_t i, uint32_t lanes) { store_lanes(y + i, exp(load_lanes(x + i, lanes)), lanes); });
}

static void tanh_of_each(const float* x, float* y, uint64_t count) {
  in_sixteens(count, [&](uint64_t i, uint32_t lanes) { store_lanes(y + i, tanh(load_lanes(x + i, lanes)), lanes); });
}

}  // namespace grok1::cpu::GROK1_ISA

#endif
