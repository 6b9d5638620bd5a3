// Linear layers: rows times weights, divided among the device's threads. A few rows sweep over the matrix in long
// runs, by chunks of K and slices of N; many rows go over tiles of columns, each weight read once for all of them.
// Both, and any number of threads, give the same bits (docs/numerics.md); the arithmetic is in kernels/.
#ifndef GROK1_BACKENDS_CPU_LINEAR_H
#define GROK1_BACKENDS_CPU_LINEAR_H

#include "backends/cpu/rows.h"
#include "backends/cpu/weights.h"

namespace grok1::cpu {

// From one row of digits to the next: a kernel may read one digit behind a row.
constexpr uint64_t digit_stride(uint64_t k) {
  return (k + 1 + 31) / 32 * 32;
}

// Most columns of a sweep. One or two rows take as long a run as scratch allows, as the memory likes it; more take one
// whose sums, or whose block of a tiled matrix, stay in a near cache.
constexpr uint32_t most_swept_columns(uint32_t n_rows, bool tiled = false) {
  if (tiled) return n_rows <= kRowsTogether ? kSliceSums : 2 * kTileColumns;
  return n_rows <= 2 ? kSliceSums / n_rows : kNearSums / (n_rows < kRowsTogether ? n_rows : kRowsTogether);
}

// Most chunks of a K that rows are swept over; with more (many small scale groups) it goes over tiles.
constexpr uint64_t most_chunks(uint64_t k) {
  return k / kChunk + 17;
}

// y[row * stride + n] = row . w[expert] for the n of the weight's slice and each of the rows.
struct Product {
  const Weight* weight;
  uint32_t expert;
  Rows rows;  // at least one; their digits fit the weight
  float* y;
  uint64_t stride;
};
constexpr uint32_t kMostProducts = 32;

// All products, as one piece of work: at most kMostProducts.
void multiply(Step& step, const Product* products, uint32_t count);

// Rows begin .. begin + count of some.
Rows part_of(const Rows& rows, uint32_t begin, uint32_t count);

// `rows` floats become digits in scratch, in the blocks of the weight if it needs any; at most as many as scratch
// holds.
Rows quantised(Step& step, const float* values, uint64_t stride, const uint32_t* index, uint32_t count,
               const Weight& weight);

// multiply() of rows of an act: of each product's rows, only `index` and `count` are given. Quantises anew where a
// weight's groups demand it.
void multiply_act(Step& step, const Act& act, Product* products, uint32_t count);

}  // namespace grok1::cpu

#endif
