// The kernel language of backends/gpu in AMD's words; backends/cuda/vendor/dialect.h defines the same words for
// NVIDIA's devices, where what they mean is said.
#ifndef GROK1_VENDOR_DIALECT_H
#define GROK1_VENDOR_DIALECT_H

#include <hip/hip_runtime.h>

#include <cstdint>
#include <type_traits>

#include "vendor/runtime.h"

// Before a kernel's name: its blocks have that many threads. The compiler fits the registers to as many blocks as it
// can without spills, so `blocks` is not passed on.
#define GPU_KERNEL(threads, blocks) __global__ void __launch_bounds__(threads)
#define GPU_DEVICE __device__ __forceinline__
// Before a loop: that many rounds become one. An array stays in registers where every index is a constant.
#define GPU_UNROLL(rounds) GPU_PRAGMA(unroll rounds)
#define GPU_PRAGMA(text) _Pragma(#text)
// `name`: an array of `count` elements that a block's threads share. In a kernel's outermost scope.
#define GPU_SHARED(type, name, count) __shared__ type name[count]

namespace gpu {

// Threads that run in step: 64 on gfx9, 32 on later ones. The host compiles kernels too, but runs none: its number
// reaches nothing.
#if defined(__GFX9__) || !defined(__HIP_DEVICE_COMPILE__)
constexpr int kWave = 64;
#else
constexpr int kWave = 32;
#endif

GPU_DEVICE int thread() {
  return static_cast<int>(threadIdx.x);
}
GPU_DEVICE int lane() {
  return static_cast<int>(threadIdx.x % kWave);
}
GPU_DEVICE int wave() {
  return static_cast<int>(threadIdx.x / kWave);
}
GPU_DEVICE uint32_t block_x() {
  return blockIdx.x;
}
GPU_DEVICE uint32_t block_y() {
  return blockIdx.y;
}
GPU_DEVICE uint32_t block_z() {
  return blockIdx.z;
}

// All threads of the block reach this before any goes on, and see what the others wrote.
GPU_DEVICE void sync() {
  __syncthreads();
}

// The value of the lane whose number differs in the bits of `mask`; all lanes of the wave call it.
template <class T>
GPU_DEVICE T shuffle_xor(T value, int mask) {
  return __shfl_xor(value, mask, kWave);
}

// c + the dot product of four signed bytes.
GPU_DEVICE int32_t dot4(int32_t a, int32_t b, int32_t c) {
#if defined(__HIP_DEVICE_COMPILE__) && __has_builtin(__builtin_amdgcn_sudot4) && defined(__GFX11__)
  return __builtin_amdgcn_sudot4(true, a, true, b, c, false);
#elif defined(__gfx906__) || defined(__gfx908__) || defined(__gfx90a__) || defined(__gfx940__) ||  \
    defined(__gfx942__) || defined(__gfx1011__) || defined(__gfx1012__) || defined(__gfx1030__) || \
    defined(__gfx1031__) || defined(__gfx1032__)
  return __builtin_amdgcn_sdot4(a, b, c, false);
#else
  for (int shift = 0; shift < 32; shift += 8) c += static_cast<int8_t>(a >> shift) * static_cast<int8_t>(b >> shift);
  return c;
#endif
}

GPU_DEVICE uint32_t bits_of(float value) {
  return __float_as_uint(value);
}
GPU_DEVICE float float_of(uint32_t bits) {
  return __uint_as_float(bits);
}

using Words = HIP_vector_base<int32_t, 4>::Native_vec_;  // what the compiler moves at once

// T is 1, 2, 4 or 16 bytes wide and aligned to its size.
template <class T>
GPU_DEVICE T load(const T* from) {
  if constexpr (sizeof(T) == 16) {
    const Words words = *reinterpret_cast<const Words*>(from);
    T value;
    __builtin_memcpy(&value, &words, sizeof value);
    return value;
  } else {
    return *from;
  }
}

// The same for what a kernel reads once and nobody writes: weights.
template <class T>
GPU_DEVICE T load_once(const T* from) {
  if constexpr (sizeof(T) == 16) {
    const Words words = __builtin_nontemporal_load(reinterpret_cast<const Words*>(from));
    T value;
    __builtin_memcpy(&value, &words, sizeof value);
    return value;
  } else {
    return __builtin_nontemporal_load(from);
  }
}

template <class T>
GPU_DEVICE void store(T* to, std::type_identity_t<T> value) {
  if constexpr (sizeof(T) == 16) {
    Words words;
    __builtin_memcpy(&words, &value, sizeof words);
    *reinterpret_cast<Words*>(to) = words;
  } else {
    *to = value;
  }
}

// Adds to a counter in global memory and returns what it was.
GPU_DEVICE uint32_t atomic_add(uint32_t* counter, uint32_t value) {
  return atomicAdd(counter, value);
}

// What this thread wrote is seen by other blocks before what it writes later.
GPU_DEVICE void fence() {
  __threadfence();
}

// Enqueues a kernel; `name` is for messages. Throws Error.
template <class... Params, class... Args>
void launch(const char* name, void (*kernel)(Params...), Grid grid, int threads, Stream stream, Args... args) {
  kernel<<<dim3(grid.x, grid.y, grid.z), threads, 0, stream>>>(static_cast<Params>(args)...);
  check_launch(name);
}

}  // namespace gpu

#endif
