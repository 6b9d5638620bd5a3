// Activations as integers, one scale per block of at most 256 inputs: x = digit * scale with an error of at most
// max|x| / 65024 (two int8 digits) or / 254 (one). Used before every int8 matrix.
#ifndef GROK1_BACKENDS_CPU_KERNELS_QUANTISE_H
#define GROK1_BACKENDS_CPU_KERNELS_QUANTISE_H

#include "backends/cpu/kernels/simd.h"

namespace grok1::cpu::GROK1_ISA {

constexpr float kVanishes = 1e-30f;  // a block whose largest input is smaller counts as 0

// The largest |x|; infinity or NaN, if there is one, is larger than every number.
GROK1_INLINE float largest_of(const float* x, uint32_t count) {
  Int16 most = set(0);
  in_sixteens(count, [&](uint64_t i, uint32_t lanes) {
    most = max(most, both(bits(load_lanes(x + i, lanes)), set(0x7fffffff)));
  });
  const int32_t largest = most_of_lanes(most);
  float value;
  memcpy(&value, &largest, sizeof value);
  return value;
}

static void quantise_block(const float* x, uint32_t count, float most, int16_t* digits, float* scale) {
  const float largest = largest_of(x, count);
  const bool number = largest <= 3.402823466e38f;
  if (!number || largest < kVanishes) {
    *scale = number ? 0.0f : __builtin_nanf("");
    memset(digits, 0, count * sizeof *digits);
    return;
  }
  *scale = largest / most;
  in_sixteens(count, [&](uint64_t i, uint32_t lanes) {
    int32_t rounded[16];
    store(rounded, round(div(load_lanes(x + i, lanes), set(*scale))));
    for (uint32_t j = 0; j < lanes; ++j) digits[i + j] = static_cast<int16_t>(rounded[j]);
  });
}

static void quantise(const float* x, const Chunk& chunk, float most, int16_t* digits, float* scales) {
  for (uint32_t at = 0; at < chunk.k_size; at += kBlock) {
    const uint32_t k = chunk.k_begin + at, rest = chunk.k_size - at;
    quantise_block(x + k, rest < kBlock ? rest : kBlock, most, digits + k, scales + chunk.block_begin + at / kBlock);
  }
}

}  // namespace grok1::cpu::GROK1_ISA

#endif
