#include "sample_kernels.h"

#include "vendor/dialect.h"

namespace samples {
namespace {

constexpr int kThreads = 256;

GPU_DEVICE float block_sum(float value, float* shared) {
  for (int step = gpu::kWave / 2; step > 0; step /= 2) value += gpu::shuffle_xor(value, step);
  if (gpu::lane() == 0) shared[gpu::wave()] = value;
  gpu::sync();
  float sum = 0;
  for (int i = 0; i < kThreads / gpu::kWave; ++i) sum += shared[i];
  gpu::sync();
  return sum;
}

GPU_KERNEL(kThreads, 1) sum_blocks(const float* in, float* out) {
  GPU_SHARED(float, shared, kThreads / gpu::kWave);
  const uint32_t at = gpu::block_x() * kThreads + static_cast<uint32_t>(gpu::thread());
  const float sum = block_sum(gpu::load(in + at), shared);
  if (gpu::thread() == 0) gpu::store(out + gpu::block_x(), sum);
}

template <bool kBarrier>
GPU_KERNEL(kThreads, 1)
reverse_block(const float* in, float* out) {
  GPU_SHARED(float, shared, kThreads);
  shared[gpu::thread()] = gpu::load_once(in + gpu::thread());
  if (kBarrier) gpu::sync();
  gpu::store(out + gpu::thread(), shared[kThreads - 1 - gpu::thread()]);
}

template <bool kFences>
GPU_KERNEL(kThreads, 1)
sum_all(const float* in, float* parts, uint32_t* counter, float* out, uint32_t blocks) {
  GPU_SHARED(float, shared, kThreads / gpu::kWave);
  GPU_SHARED(uint32_t, last, 1);
  const uint32_t at = gpu::block_x() * kThreads + static_cast<uint32_t>(gpu::thread());
  const float sum = block_sum(gpu::load(in + at), shared);
  if (gpu::thread() == 0) {
    gpu::store(parts + gpu::block_x(), sum);
    if (kFences) gpu::fence();
    last[0] = gpu::atomic_add(counter, 1) + 1 == blocks ? 1 : 0;
    if (kFences) gpu::fence();
  }
  gpu::sync();
  if (last[0] == 0) return;
  float all = 0;  // by a thread that wrote none of the parts
  if (gpu::thread() == 1) {
    for (uint32_t i = 0; i < blocks; ++i) all += gpu::load(parts + i);
    gpu::store(out, all);
  }
}

GPU_KERNEL(kThreads, 1) exchange_lanes(int* out, int mask) {
  gpu::store(out + gpu::thread(), gpu::shuffle_xor(gpu::lane(), mask));
}

GPU_KERNEL(64, 1) read_unwritten(uint32_t* out) {
  GPU_SHARED(uint32_t, shared, 64);
  const uint32_t thread = static_cast<uint32_t>(gpu::thread());
  gpu::store(out + gpu::block_x() * 64 + thread, shared[thread]);
  shared[thread] = 1;
}

GPU_KERNEL(64, 1) copy_strided(const float* in, float* out) {
  gpu::store(out + gpu::thread(), gpu::load(in + gpu::thread() / 2 * 16));
}

GPU_KERNEL(1, 1) count_blocks(uint32_t* counter, uint32_t* out) {
  gpu::store(out + gpu::block_x(), gpu::atomic_add(counter, 1));
}

GPU_KERNEL(kThreads, 1) count_threads(uint32_t* counter, uint32_t* out) {
  gpu::store(out + gpu::thread(), gpu::atomic_add(counter, 1));
}

GPU_KERNEL(kThreads, 1) make_mistake(Mistake mistake, float* memory) {
  const int thread = gpu::thread();
  switch (mistake) {
    case Mistake::kNone: gpu::sync(); break;
    case Mistake::kEndsBeforeBarrier:
      if (thread == 5) return;
      gpu::sync();
      break;
    case Mistake::kOtherBarrier:
      if (thread < 5)
        gpu::sync();
      else
        gpu::sync();
      break;
    case Mistake::kOtherExchange:
      if (gpu::lane() < 5)
        gpu::shuffle_xor(thread, 1);
      else
        gpu::shuffle_xor(thread, 1);
      break;
    case Mistake::kLaneStaysAway:
      if (gpu::lane() != 5) gpu::shuffle_xor(thread, 1);
      break;
    case Mistake::kReadsBeyond: gpu::load(memory + thread + 1); break;
    case Mistake::kReadsMisaligned: gpu::load(reinterpret_cast<float*>(reinterpret_cast<char*>(memory) + 2)); break;
    default: break;
  }
}

GPU_KERNEL(kThreads, 1) overrun_shared(int begin, int end) {
  GPU_SHARED(float, shared, 60);
  float* beyond = shared;
  for (int i = begin + gpu::thread(); i < end; i += kThreads) beyond[i] = 1;
}

GPU_KERNEL(kThreads, 1) share_too_much() {
  GPU_SHARED(float, large, 12 * 1024);
  GPU_SHARED(float, straw, 1);
  large[gpu::thread()] = 0;
  straw[0] = 0;
}

GPU_KERNEL(kThreads, 1) dereference(float* memory) {
  *const_cast<volatile float*>(memory) = 1;
}

constexpr Kernels kTable{
    [](const float* in, float* out, uint32_t blocks, gpu::Stream stream) {
      gpu::launch("sum_blocks", sum_blocks, {blocks}, kThreads, stream, in, out);
    },
    [](const float* in, float* out, bool barrier, gpu::Stream stream) {
      gpu::launch("reverse_block", barrier ? reverse_block<true> : reverse_block<false>, {}, kThreads, stream, in, out);
    },
    [](const float* in, float* parts, uint32_t* counter, float* out, uint32_t blocks, bool fences, gpu::Stream stream) {
      gpu::launch("sum_all", fences ? sum_all<true> : sum_all<false>, {blocks}, kThreads, stream, in, parts, counter,
                  out, blocks);
    },
    [](int* out, int mask, int threads, gpu::Stream stream) {
      gpu::launch("exchange_lanes", exchange_lanes, {}, threads, stream, out, mask);
    },
    [](uint32_t* out, uint32_t blocks, gpu::Stream stream) {
      gpu::launch("read_unwritten", read_unwritten, {blocks}, 64, stream, out);
    },
    [](const float* in, float* out, gpu::Stream stream) {
      gpu::launch("copy_strided", copy_strided, {}, 64, stream, in, out);
    },
    [](uint32_t* counter, uint32_t* out, uint32_t blocks, gpu::Stream stream) {
      gpu::launch("count_blocks", count_blocks, {blocks}, 1, stream, counter, out);
    },
    [](uint32_t* counter, uint32_t* out, gpu::Stream stream) {
      gpu::launch("count_threads", count_threads, {}, kThreads, stream, counter, out);
    },
    [](Mistake mistake, float* memory, int threads, gpu::Stream stream) {
      switch (mistake) {
        case Mistake::kWritesBeyondShared:
          return gpu::launch("overrun_shared", overrun_shared, {}, threads, stream, 0, 61);
        case Mistake::kWritesBeforeShared:
          return gpu::launch("overrun_shared", overrun_shared, {}, threads, stream, -1, 60);
        case Mistake::kTooMuchShared: return gpu::launch("share_too_much", share_too_much, {}, threads, stream);
        case Mistake::kDereferences: return gpu::launch("dereference", dereference, {}, threads, stream, memory);
        default: return gpu::launch("make_mistake", make_mistake, {}, threads, stream, mistake, memory);
      }
    },
};

}  // namespace

#if GROK1_EMU_WAVE == 32
const Kernels& wave32() {
  return kTable;
}
#else
const Kernels& wave64() {
  return kTable;
}
#endif

}  // namespace samples
