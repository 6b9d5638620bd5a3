// Sums and copies of float rows.
#include "backends/gpu/kernels/numbers.h"
#include "backends/gpu/kernels/table.h"

namespace grok1::accel::GROK1_GPU_VARIANT {
namespace {

constexpr uint64_t kEach = uint64_t{kThreads} * 16;  // floats of a block

GPU_KERNEL(kThreads, kResident) add_floats(float* y, const float* x, uint64_t count) {
  const uint64_t begin = gpu::block_x() * kEach, end = begin + kEach < count ? begin + kEach : count;
  for (uint64_t i = begin + thread(); i < end; i += kThreads) gpu::store(y + i, gpu::load(y + i) + gpu::load(x + i));
}

GPU_KERNEL(kThreads, kResident) copy_float_rows(float* to, const float* from, uint32_t d, uint32_t stride) {
  const uint32_t row = gpu::block_x();
  for (uint32_t i = thread(); i < d; i += kThreads)
    gpu::store(to + uint64_t{row} * d + i, gpu::load(from + uint64_t{row} * stride + i));
}

}  // namespace

void add(float* y, const float* x, uint64_t count, gpu::Stream stream) {
  const uint64_t blocks = (count + kEach - 1) / kEach;
  gpu::launch("add_floats", add_floats, {static_cast<uint32_t>(blocks)}, kThreads, stream, y, x, count);
}

void copy_rows(float* to, const float* from, uint32_t n_rows, uint32_t d, uint32_t stride, gpu::Stream stream) {
  gpu::launch("copy_float_rows", copy_float_rows, {n_rows}, kThreads, stream, to, from, d, stride);
}

}  // namespace grok1::accel::GROK1_GPU_VARIANT
