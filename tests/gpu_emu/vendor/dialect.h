// The kernel language of backends/gpu in the emulator's words. A file of the same name in backends/cuda/vendor and in
// backends/rocm/vendor defines the same words for their devices; the include path decides. A kernel is a plain function
// here, called once for every thread; what it may not do on a device is an error of its stream (running.h).
//
// Compiled once for every wave size: GROK1_EMU_WAVE is 32 or 64, and what depends on it has a namespace of its own.
#ifndef GROK1_VENDOR_DIALECT_H
#define GROK1_VENDOR_DIALECT_H

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>
#include <tuple>
#include <type_traits>

#include "running.h"
#include "vendor/runtime.h"

#if GROK1_EMU_WAVE == 32
#define GROK1_EMU_DIALECT wave32_dialect
#elif GROK1_EMU_WAVE == 64
#define GROK1_EMU_DIALECT wave64_dialect
#else
#error "GROK1_EMU_WAVE must be 32 or 64: the wave size that the kernels of this file are compiled for"
#endif

// Before a kernel's name: its blocks have that many threads, and a device should have registers for `blocks` of them.
#define GPU_KERNEL(threads, blocks) void
#define GPU_DEVICE inline
// Before a loop: that many rounds become one on a device.
#define GPU_UNROLL(rounds)
// `name`: an array of `count` elements that a block's threads share. In a kernel's outermost scope. The static's
// address tells one declaration, in one instantiation, from all others.
#define GPU_SHARED(type, name, count)                \
  static const char name##_site = 0;                 \
  type(&name)[count] = *static_cast<type(*)[count]>( \
      gpu::emulator::shared_array(&name##_site, #name, sizeof(type[count]), alignof(type)))

namespace gpu {
inline namespace GROK1_EMU_DIALECT {

constexpr int kWave = GROK1_EMU_WAVE;  // threads that run in step

GPU_DEVICE int thread() {
  return emulator::running.thread;
}
GPU_DEVICE int lane() {
  return emulator::running.thread % kWave;
}
GPU_DEVICE int wave() {
  return emulator::running.thread / kWave;
}
GPU_DEVICE uint32_t block_x() {
  return emulator::running.block.x;
}
GPU_DEVICE uint32_t block_y() {
  return emulator::running.block.y;
}
GPU_DEVICE uint32_t block_z() {
  return emulator::running.block.z;
}

// All threads of the block reach this before any goes on, and see what the others wrote.
GPU_DEVICE void sync(const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
  emulator::barrier({file, line});
}

// The value of the lane whose number differs in the bits of `mask`; all lanes of the wave call it.
template <class T>
GPU_DEVICE T shuffle_xor(T value, int mask, const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
  static_assert(sizeof(T) <= 8 && std::is_trivially_copyable_v<T>);
  uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof(T));
  bits = emulator::exchange(bits, mask, {file, line});
  std::memcpy(&value, &bits, sizeof(T));
  return value;
}

// c + the dot product of four signed bytes.
GPU_DEVICE int32_t dot4(int32_t a, int32_t b, int32_t c) {
  uint32_t sum = static_cast<uint32_t>(c);
  for (int i = 0; i < 4; ++i)
    sum += static_cast<uint32_t>(static_cast<int8_t>(a >> 8 * i) * static_cast<int8_t>(b >> 8 * i));
  return static_cast<int32_t>(sum);
}

GPU_DEVICE uint32_t bits_of(float value) {
  return std::bit_cast<uint32_t>(value);
}
GPU_DEVICE float float_of(uint32_t bits) {
  return std::bit_cast<float>(bits);
}

// T is 1, 2, 4 or 16 bytes wide and aligned to its size; said to the compiler, because ThreadSanitizer misses races of
// accesses that may be unaligned. A memcpy, because kernels read one memory as several types.
template <class T>
GPU_DEVICE T load(const T* from) {
  static_assert(sizeof(T) == 1 || sizeof(T) == 2 || sizeof(T) == 4 || sizeof(T) == 16);
  static_assert(alignof(T) == sizeof(T) && std::is_trivially_copyable_v<T>);
  T value;
  std::memcpy(&value, __builtin_assume_aligned(emulator::readable(from, sizeof(T)), sizeof(T)), sizeof(T));
  return value;
}

// The same for what a kernel reads once and nobody writes: weights.
template <class T>
GPU_DEVICE T load_once(const T* from) {
  return load(from);
}

template <class T>
GPU_DEVICE void store(T* to, std::type_identity_t<T> value) {
  static_assert(sizeof(T) == 1 || sizeof(T) == 2 || sizeof(T) == 4 || sizeof(T) == 16);
  static_assert(alignof(T) == sizeof(T) && std::is_trivially_copyable_v<T>);
  std::memcpy(__builtin_assume_aligned(emulator::writable(to, sizeof(T)), sizeof(T)), &value, sizeof(T));
}

// Adds to a counter in global memory and returns what it was.
GPU_DEVICE uint32_t atomic_add(uint32_t* counter, uint32_t value) {
  emulator::readable(counter, sizeof(uint32_t));
  return __atomic_fetch_add(static_cast<uint32_t*>(emulator::writable(counter, sizeof(uint32_t))), value,
                            __ATOMIC_RELAXED);
}

// What this thread wrote is seen by other blocks before what it writes later.
GPU_DEVICE void fence() {
  emulator::fence();
}

// Enqueues a kernel; `name` is for messages. Throws Error.
template <class... Params, class... Args>
void launch(const char* name, void (*kernel)(Params...), Grid grid, int threads, Stream stream, Args... args) {
  static_assert((std::is_trivially_copyable_v<Params> && ...) && (sizeof(Params) + ... + 0) <= 4096,
                "a kernel's arguments are copied to the device as bytes, 4096 at most");
  emulator::enqueue(
      {name, grid, threads, kWave,
       [kernel, params = std::tuple<Params...>(static_cast<Params>(args)...)] { std::apply(kernel, params); }},
      stream);
}

}  // namespace GROK1_EMU_DIALECT
}  // namespace gpu

#endif
