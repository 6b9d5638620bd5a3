// The kernel language of backends/gpu in NVIDIA's words. A file of the same name in backends/rocm/vendor and in
// tests/gpu_emu/vendor defines the same words for their devices; the include path decides. Global memory is read and
// written through load and store only, so that the emulator sees every access.
#ifndef GROK1_VENDOR_DIALECT_H
#define GROK1_VENDOR_DIALECT_H

#include <cuda_runtime.h>

#include <cstdint>
#include <type_traits>

#include "vendor/runtime.h"

// Before a kernel's name: its blocks have that many threads, and a multiprocessor's registers are enough for `blocks`
// of them. Left to choose that number, ptxas takes a larger one and spills to reach it.
#define GPU_KERNEL(threads, blocks) __global__ void __launch_bounds__(threads, blocks)
#define GPU_DEVICE __device__ __forceinline__
// Before a loop: that many rounds become one. An array stays in registers where every index is a constant.
#define GPU_UNROLL(rounds) GPU_PRAGMA(unroll rounds)
#define GPU_PRAGMA(text) _Pragma(#text)
// `name`: an array of `count` elements that a block's threads share. In a kernel's outermost scope.
#define GPU_SHARED(type, name, count) __shared__ type name[count]

namespace gpu {

constexpr int kWave = 32;  // threads that run in step

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
  return __shfl_xor_sync(0xffffffffu, value, mask);
}

// c + the dot product of four signed bytes.
GPU_DEVICE int32_t dot4(int32_t a, int32_t b, int32_t c) {
  return __dp4a(a, b, c);
}

GPU_DEVICE uint32_t bits_of(float value) {
  return __float_as_uint(value);
}
GPU_DEVICE float float_of(uint32_t bits) {
  return __uint_as_float(bits);
}

// T is 1, 2, 4 or 16 bytes wide and aligned to its size.
template <class T>
GPU_DEVICE T load(const T* from) {
  if constexpr (sizeof(T) == 16) {
    const int4 words = *reinterpret_cast<const int4*>(from);
    T value;
    *reinterpret_cast<int4*>(&value) = words;
    return value;
  } else {
    return *from;
  }
}

// The same for what a kernel reads once and nobody writes: weights.
template <class T>
GPU_DEVICE T load_once(const T* from) {
  if constexpr (sizeof(T) == 16) {
    const int4 words = __ldcs(reinterpret_cast<const int4*>(from));
    T value;
    *reinterpret_cast<int4*>(&value) = words;
    return value;
  } else {
    return __ldcs(from);
  }
}

template <class T>
GPU_DEVICE void store(T* to, std::type_identity_t<T> value) {
  if constexpr (sizeof(T) == 16)
    *reinterpret_cast<int4*>(to) = *reinterpret_cast<const int4*>(&value);
  else
    *to = value;
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
