// What kernels do with single numbers and with the threads of a block: elements to floats and back, reductions, and the
// way in which the last block to arrive finishes what the others began.
#ifndef GROK1_BACKENDS_GPU_KERNELS_NUMBERS_H
#define GROK1_BACKENDS_GPU_KERNELS_NUMBERS_H

#include <cmath>

#include "backends/gpu/kernels/kernels.h"
#include "vendor/dialect.h"

namespace grok1::accel::GROK1_GPU_VARIANT {

constexpr uint32_t kWave = gpu::kWave;
constexpr uint32_t kWaves = kThreads / kWave;

struct alignas(16) Word4 {
  int32_t w[4];
};

GPU_DEVICE uint32_t thread() {
  return static_cast<uint32_t>(gpu::thread());
}
GPU_DEVICE uint32_t lane() {
  return static_cast<uint32_t>(gpu::lane());
}
GPU_DEVICE uint32_t wave() {
  return static_cast<uint32_t>(gpu::wave());
}

// The fraction moves up by 13 bits; the exponent by a multiplication with 2^112, exact for subnormal numbers too.
GPU_DEVICE float widen_f16(uint32_t stored) {
  const uint32_t magnitude = stored & 0x7fffu, sign = (stored & 0x8000u) << 16;
  float value = gpu::float_of(magnitude << 13) * 0x1p112f;
  if (magnitude > 0x7bff) value = gpu::float_of(gpu::bits_of(value) | 0x7f800000u);
  return gpu::float_of(gpu::bits_of(value) | sign);
}

// Both round to nearest, ties to even, and keep a NaN one.
GPU_DEVICE uint16_t narrow_bf16(float value) {
  const uint32_t bits = gpu::bits_of(value);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return static_cast<uint16_t>(bits >> 16 | 0x40u);
  return static_cast<uint16_t>((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
}
GPU_DEVICE uint16_t narrow_f16(float value) {
  const uint32_t bits = gpu::bits_of(value), magnitude = bits & 0x7fffffffu, sign = bits >> 16 & 0x8000u;
  if (magnitude > 0x7f800000u) return static_cast<uint16_t>(sign | 0x7e00u);
  if (magnitude >= 0x477ff000u) return static_cast<uint16_t>(sign | 0x7c00u);  // 65520 rounds to infinity
  if (magnitude < 0x38800000u) {  // below 2^-14: added to 0.5, whose last place is 2^-24, the smallest f16
    const float shifted = gpu::float_of(magnitude) + 0.5f;
    return static_cast<uint16_t>(sign | (gpu::bits_of(shifted) - 0x3f000000u));
  }
  const uint32_t rounded = magnitude + 0xfffu + (magnitude >> 13 & 1u);
  return static_cast<uint16_t>(sign | (rounded - 0x38000000u) >> 13);
}

// An element in global memory.
template <Element E>
GPU_DEVICE float value_at(const char* base, uint64_t index) {
  if constexpr (E == Element::f32) return gpu::load(reinterpret_cast<const float*>(base) + index);
  if constexpr (E == Element::f16) return widen_f16(gpu::load(reinterpret_cast<const uint16_t*>(base) + index));
  if constexpr (E == Element::bf16)
    return gpu::float_of(uint32_t{gpu::load(reinterpret_cast<const uint16_t*>(base) + index)} << 16);
  if constexpr (E == Element::i8) return static_cast<float>(gpu::load(reinterpret_cast<const int8_t*>(base) + index));
}
GPU_DEVICE float value_at(Element element, const char* base, uint64_t index) {
  switch (element) {
    case Element::f32: return value_at<Element::f32>(base, index);
    case Element::f16: return value_at<Element::f16>(base, index);
    case Element::bf16: return value_at<Element::bf16>(base, index);
    default: return value_at<Element::i8>(base, index);
  }
}
GPU_DEVICE void store_at(Element element, char* to, float value) {
  if (element == Element::f32)
    gpu::store(reinterpret_cast<float*>(to), value);
  else
    gpu::store(reinterpret_cast<uint16_t*>(to), element == Element::f16 ? narrow_f16(value) : narrow_bf16(value));
}

// The i-th of the elements in 16 loaded bytes.
template <Element E>
GPU_DEVICE float value_in(const Word4& words, uint32_t i) {
  if constexpr (E == Element::f32) {
    return gpu::float_of(static_cast<uint32_t>(words.w[i]));
  } else {
    const uint32_t half = static_cast<uint32_t>(words.w[i / 2]) >> (i % 2 * 16) & 0xffffu;
    return E == Element::f16 ? widen_f16(half) : gpu::float_of(half << 16);
  }
}

// All lanes get the sum; one tree whatever the values.
GPU_DEVICE float wave_sum(float value) {
  for (int step = gpu::kWave / 2; step > 0; step /= 2) value += gpu::shuffle_xor(value, step);
  return value;
}
GPU_DEVICE float wave_max(float value) {
  for (int step = gpu::kWave / 2; step > 0; step /= 2) value = fmaxf(value, gpu::shuffle_xor(value, step));
  return value;
}

// The larger as unsigned bits: of magnitudes, a NaN beats infinity and infinity every number.
GPU_DEVICE uint32_t wave_max_bits(uint32_t bits) {
  for (int step = gpu::kWave / 2; step > 0; step /= 2) {
    const uint32_t other = gpu::shuffle_xor(bits, step);
    bits = other > bits ? other : bits;
  }
  return bits;
}

// All threads get the block's sum; `shared` has kWaves floats.
GPU_DEVICE float block_sum(float value, float* shared) {
  value = wave_sum(value);
  if (lane() == 0) shared[wave()] = value;
  gpu::sync();
  float sum = 0;
  for (uint32_t i = 0; i < kWaves; ++i) sum += shared[i];
  gpu::sync();
  return sum;
}

// True in all threads of the block that is the last of `expected` to come here; it sees what the others wrote before,
// and the counter is 0 again. `flag` is shared.
GPU_DEVICE bool last_to_arrive(uint32_t* counter, uint32_t expected, uint32_t* flag) {
  gpu::fence();
  gpu::sync();
  if (thread() == 0) {
    *flag = gpu::atomic_add(counter, 1) + 1 == expected ? 1 : 0;
    if (*flag != 0) gpu::store(counter, 0);
  }
  gpu::sync();
  const bool last = *flag != 0;
  if (last) gpu::fence();
  gpu::sync();
  return last;
}

// Digits of one block of 256 inputs, by one wave: x = scale * (256 high + low), padding 0.
GPU_DEVICE void quantise_block(const float* values, const Split& split, uint32_t block, int8_t* digits, float* scales) {
  const uint32_t begin = split.begin(block), count = split.count(block), places = split.places(block);
  constexpr uint32_t kEach = kBlock / kWave;
  float mine[kEach];
  uint32_t largest_bits = 0;
  for (uint32_t i = 0; i < kEach; ++i) {
    const uint32_t at = lane() + i * kWave;
    mine[i] = at < count ? gpu::load(values + begin + at) : 0.0f;
    const uint32_t bits = gpu::bits_of(mine[i]) & 0x7fffffffu;
    largest_bits = bits > largest_bits ? bits : largest_bits;
  }
  largest_bits = wave_max_bits(largest_bits);
  const bool number = largest_bits < 0x7f800000u;
  const float largest = gpu::float_of(largest_bits);
  const bool vanishes = !number || largest < kVanishes;
  const float scale = !number ? gpu::float_of(0x7fc00000u) : vanishes ? 0.0f : largest / kLargestDigits;
  if (lane() == 0) gpu::store(scales + block, scale);
  int8_t* out = digits + uint64_t{split.place_of_block(block)} * 2;
  for (uint32_t i = 0; i < kEach; ++i) {
    const uint32_t at = lane() + i * kWave;
    if (at >= places) continue;
    const int32_t x = vanishes ? 0 : static_cast<int32_t>(rintf(mine[i] / scale));
    const int32_t high = (x + 128) >> 8;  // so that -128 <= low < 128
    gpu::store(out + at / 16 * 32 + at % 16, static_cast<int8_t>(high));
    gpu::store(out + at / 16 * 32 + 16 + at % 16, static_cast<int8_t>(x - high * 256));
  }
}

}  // namespace grok1::accel::GROK1_GPU_VARIANT

#endif
