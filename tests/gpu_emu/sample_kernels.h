// Kernels of the emulator's own tests, right ones and ones with a planted mistake; compiled for both wave sizes.
#ifndef GROK1_TESTS_GPU_EMU_SAMPLE_KERNELS_H
#define GROK1_TESTS_GPU_EMU_SAMPLE_KERNELS_H

#include <cstdint>

#include "vendor/runtime.h"

namespace samples {

enum class Mistake : int {
  kNone,
  kEndsBeforeBarrier,
  kOtherBarrier,
  kOtherExchange,
  kLaneStaysAway,
  kReadsBeyond,
  kReadsMisaligned,
  kWritesBeyondShared,
  kWritesBeforeShared,
  kTooMuchShared,
  kDereferences,
};

struct Kernels {
  // out[block] = sum of 256 floats
  void (*block_sums)(const float* in, float* out, uint32_t blocks, gpu::Stream);
  // out[thread] = in[255 - thread], through shared memory; with or without the barrier between
  void (*reverse)(const float* in, float* out, bool barrier, gpu::Stream);
  // *out = sum of all blocks' sums, by the last block to arrive; with or without the fences
  void (*last_arrival)(const float* in, float* parts, uint32_t* counter, float* out, uint32_t blocks, bool fences,
                       gpu::Stream);
  // out[thread] = the lane that shuffle_xor gives for `mask`; 1 block of `threads`
  void (*lanes)(int* out, int mask, int threads, gpu::Stream);
  // out[block * 64 + thread] = shared memory before anybody wrote it
  void (*unwritten)(uint32_t* out, uint32_t blocks, gpu::Stream);
  // out[i] = in[i / 2 * 16] for 64 floats, by one block: one sector in every two, each read by two threads
  void (*strided)(const float* in, float* out, gpu::Stream);
  // Blocks write their number's place in the order in which they ran.
  void (*order)(uint32_t* counter, uint32_t* out, uint32_t blocks, gpu::Stream);
  // The same of the 256 threads of one block.
  void (*thread_order)(uint32_t* counter, uint32_t* out, gpu::Stream);
  void (*mistaken)(Mistake, float* memory, int threads, gpu::Stream);
};

const Kernels& wave32();
const Kernels& wave64();

}  // namespace samples

#endif
