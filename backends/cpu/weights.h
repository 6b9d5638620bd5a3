// A tensor or a slice of one: bytes in the order of the file, used where they are mapped or copied, or of an int8 copy
// tile by tile (Matrix::tiled), and how its K is cut into chunks and blocks. How the bytes come in is in weights.cpp;
// what multiplies them, linear.h.
#ifndef GROK1_BACKENDS_CPU_WEIGHTS_H
#define GROK1_BACKENDS_CPU_WEIGHTS_H

#include "backends/contract/weights.h"
#include "backends/cpu/chunks.h"
#include "backends/cpu/device.h"
#include "backends/cpu/memory.h"
#include "backends/cpu/numbers.h"

namespace grok1::cpu {

// A slice of a stored array [experts, outer, inner], where it lies. row() counts from the slice's first.
struct Stored : Received {      // awaits nothing when in place
  const char* first = nullptr;  // first element of the slice
  uint64_t row_bytes = 0;       // from one outer index to the next
  uint64_t expert_bytes = 0;    // from one expert to the next
  Memory own;                   // empty when in place

  const char* row(uint64_t expert, uint64_t o) const { return first + expert * expert_bytes + o * row_bytes; }
};

struct Weight {
  Device* device;
  grok1_weight_desc desc;
  Element element, scale_element;
  Chunks chunks;  // of the slice's K
  Stored values, scales;
  bool in_place, tiled, finished;
  uint32_t first_node;  // of the first chunk

  uint32_t k() const { return static_cast<uint32_t>(desc.k_end - desc.k_begin); }
  uint32_t n() const { return static_cast<uint32_t>(desc.n_end - desc.n_begin); }
  bool is_i8() const { return element == Element::i8; }
  Matrix matrix(uint32_t expert) const;  // `expert` of the whole tensor

  // Inputs k .. k + count of output n of the first expert, without scales: whole blocks, where there are any.
  void read(uint32_t n, uint32_t k, uint32_t count, float* numbers) const;

  // Which of the device's nodes is to read a chunk of K, in every expert, or an output of a matrix stored [N, K].
  // Copies lie there. Mapped files lie where they were read first, which is there if this process read them.
  uint32_t node_of_chunk(uint32_t chunk) const { return (first_node + chunk) % device->threads.nodes(); }
  uint32_t node_of_output(uint32_t output) const {
    return static_cast<uint32_t>(uint64_t{output} * device->threads.nodes() / n());
  }
};

}  // namespace grok1::cpu

#endif
