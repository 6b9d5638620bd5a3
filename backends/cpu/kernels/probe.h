// The processor's own limits, for measurements: a read that keeps nothing but a sum, and chains of dot products and
// multiply-adds that never leave the registers. As many chains as hide an instruction's latency; operands are 1, so
// that the sums say how many products there were.
#ifndef GROK1_BACKENDS_CPU_KERNELS_PROBE_H
#define GROK1_BACKENDS_CPU_KERNELS_PROBE_H

#include "backends/cpu/kernels/simd.h"

namespace grok1::cpu::GROK1_ISA {

constexpr uint32_t kChains = 12 / kRegs;  // twelve registers: two instructions per cycle of up to six cycles each
constexpr uint32_t kStreams = 4;          // places that are read at once, as the prefetchers like it

// Makes the compiler believe that a value is new, so that no product is taken out of a loop.
GROK1_INLINE Int16 renewed(Int16 a) {
  GROK1_EACH(i) __asm__ volatile("" : "+x"(a.r[i]));
  return a;
}

GROK1_INLINE double exact_sum(Int16 a) {
  int32_t lane[16];
  store(lane, a);
  double sum = 0;
  for (int i = 0; i < 16; ++i) sum += lane[i];
  return sum;
}

static uint32_t read(const char* data, uint64_t size) {
  constexpr uint32_t kStep = 128;  // bytes of a stream at a time
  static_assert(kProbeBytes % (kStreams * kStep) == 0);
  Int16 sum[kStreams];
  for (Int16& s : sum) s = set(0);
  const uint64_t length = size / kStreams;
  for (uint64_t at = 0; at < length; at += kStep)
    for (uint32_t s = 0; s < kStreams; ++s)
      for (uint32_t i = 0; i < kStep; i += 64)
        sum[s] = add(sum[s], load(reinterpret_cast<const int32_t*>(data + s * length + at + i)));
  uint32_t total = 0;
  for (const Int16& s : sum) {
    int32_t lane[16];
    store(lane, s);
    for (const int32_t x : lane) total += static_cast<uint32_t>(x);
  }
  return total;
}

// kChains sums that each take step(sum, operand) in every round; a step is `products` products.
template <class Step>
GROK1_INLINE Probe dots(Int16 operand, double products, Step step) {
  Int16 sum[kChains];
  for (Int16& s : sum) s = set(0);
  for (uint32_t round = 0; round < kProbeRounds; ++round)
    for (uint32_t c = 0; c < kChains; ++c) sum[c] = step(sum[c], renewed(operand));
  Probe probe{2.0 * products * kChains * kProbeRounds, 0.0};
  for (const Int16& s : sum) probe.sum += exact_sum(s);
  return probe;
}

static Probe dot_i16() {
  const Int16 ones = set(0x00010001);
  return dots(ones, 32, [=](Int16 sum, Int16 x) { return dot2(sum, x, ones); });
}

#if defined(GROK1_HAS_DOT4)
static Probe dot_i8() {
  const Int16 ones = set(0x01010101);
  return dots(ones, 64, [=](Int16 sum, Int16 x) { return dot4(sum, x, ones); });
}
constexpr Probe (*kDotI8)() = dot_i8;
#else
constexpr Probe (*kDotI8)() = nullptr;
#endif

static Probe multiply_add() {
  const Float16 ones = set(1.0f);
  Float16 sum[kChains];
  for (Float16& s : sum) s = set(0.0f);
  for (uint32_t round = 0; round < kProbeRounds; ++round)
    for (uint32_t c = 0; c < kChains; ++c) sum[c] = fma(float_of_bits(renewed(bits(ones))), ones, sum[c]);
  Probe probe{2.0 * 16 * kChains * kProbeRounds, 0.0};
  for (const Float16& s : sum) probe.sum += exact_sum(round(s));
  return probe;
}

}  // namespace grok1::cpu::GROK1_ISA

#endif
