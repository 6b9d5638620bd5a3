// Runs one kernel that has a data race, or its right form, for ThreadSanitizer to see: races barrier|fence
// with|without.
#include <cstdio>
#include <cstring>

#include "sample_kernels.h"
#include "vendor/runtime.h"

int main(int argc, char** argv) {
  if (argc != 3) return std::fprintf(stderr, "usage: races barrier|fence with|without\n"), 2;
  const bool with = std::strcmp(argv[2], "with") == 0;
  const gpu::Selected selected(0);
  const gpu::Stream stream = gpu::create_stream();
  constexpr uint32_t kBlocks = 3;
  float* in = static_cast<float*>(gpu::allocate(kBlocks * 256 * sizeof(float)));
  float* out = static_cast<float*>(gpu::allocate(256 * sizeof(float)));
  float* parts = static_cast<float*>(gpu::allocate(kBlocks * sizeof(float)));
  uint32_t* counter = static_cast<uint32_t*>(gpu::allocate(sizeof(uint32_t)));
  gpu::fill(in, 0, kBlocks * 256 * sizeof(float), stream);
  gpu::fill(counter, 0, sizeof(uint32_t), stream);
  if (std::strcmp(argv[1], "barrier") == 0)
    samples::wave32().reverse(in, out, with, stream);
  else
    samples::wave32().last_arrival(in, parts, counter, out, kBlocks, with, stream);
  gpu::destroy(stream);
  for (void* memory :
       {static_cast<void*>(in), static_cast<void*>(out), static_cast<void*>(parts), static_cast<void*>(counter)})
    gpu::release(memory);
}
