// How the K of a matrix, or of a slice, is cut: chunks of kChunk inputs, blocks of kBlock, both begun anew where a
// scale group or the slice begins (docs/numerics.md).
#ifndef GROK1_BACKENDS_CPU_CHUNKS_H
#define GROK1_BACKENDS_CPU_CHUNKS_H

#include <vector>

#include "backends/cpu/kernels/kernels.h"

namespace grok1::cpu {

struct Chunks {
  std::vector<Chunk> list;
  uint32_t blocks = 0;
  // Block b begins at kBlock * b, so that rows quantised without regard to groups serve.
  bool plain = true;
};

// Inputs k_begin .. k_end of a K that has scale groups of `group_size`.
Chunks cut_into_chunks(uint64_t k_begin, uint64_t k_end, uint64_t group_size);

// Most blocks of a row of k inputs that scratch is made for; weights with more are refused.
constexpr uint64_t most_blocks(uint64_t k) {
  return k / 32 + 256;
}

}  // namespace grok1::cpu

#endif
