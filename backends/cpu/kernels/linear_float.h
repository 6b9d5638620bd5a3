// Linear layers of F32, F16 and BF16 matrices. Stored [K, N], every column is a chain of fused multiply-adds over the
// inputs of a chunk, chunks added by index. Stored [N, K] (the embedding), every output is a dot product in sixteen
// partial sums, joined by the one tree of simd.h.
#ifndef GROK1_BACKENDS_CPU_KERNELS_LINEAR_FLOAT_H
#define GROK1_BACKENDS_CPU_KERNELS_LINEAR_FLOAT_H

#include "backends/cpu/kernels/tile_i8.h"

namespace grok1::cpu::GROK1_ISA {

GROK1_INLINE uint64_t row_of(const Rows& rows, uint32_t m) {
  return rows.index == nullptr ? m : rows.index[m];
}

constexpr uint32_t kFloatRows = 8;  // rows of the matrix that are read together

// sums[m * stride + n] continues over inputs k .. k + n_k of all rows, n_k <= kFloatRows.
template <Element E>
GROK1_INLINE void add_inputs(const Matrix& w, const Rows& rows, uint32_t k, uint32_t n_k, uint32_t n_begin,
                             uint32_t width, float* sums, uint64_t stride) {
  const char* first = w.data + k * w.row_bytes + uint64_t{n_begin} * kBytesOf<E>;
  in_sixteens(width, [&](uint64_t n, uint32_t lanes) {
    Float16 columns[kFloatRows];
    for (uint32_t i = 0; i < n_k; ++i) columns[i] = load_lanes<E>(first + i * w.row_bytes + n * kBytesOf<E>, lanes);
    for (uint32_t m = 0; m < rows.count; ++m) {
      const float* x = rows.values + row_of(rows, m) * rows.stride + k;
      Float16 sum = load_lanes(sums + m * stride + n, lanes);
      for (uint32_t i = 0; i < n_k; ++i) sum = fma(set(x[i]), columns[i], sum);
      store_lanes(sums + m * stride + n, sum, lanes);
    }
  });
}

template <Element E>
static void add_chunk(const Matrix& w, const Rows& rows, const Chunk& chunk, uint32_t n_begin, uint32_t width,
                      float* sums, uint64_t stride) {
  for (uint32_t m = 0; m < rows.count; ++m) memset(sums + m * stride, 0, width * sizeof *sums);
  const uint32_t end = chunk.k_begin + chunk.k_size;
  uint32_t k = chunk.k_begin;
  for (; k + kFloatRows <= end; k += kFloatRows) add_inputs<E>(w, rows, k, kFloatRows, n_begin, width, sums, stride);
  if (k < end) add_inputs<E>(w, rows, k, end - k, n_begin, width, sums, stride);
}

static void sweep_float(const Matrix& w, const Rows& row, const Chunk& chunk, uint32_t n_begin, uint32_t n_end,
                        float* partial) {
  GROK1_WITH_ELEMENT(w.element, add_chunk, w, row, chunk, n_begin, n_end - n_begin, partial, 0);
}

static void tile_float(const Matrix& w, const Rows& rows, uint32_t n_begin, uint32_t n_end, float* y, uint64_t stride,
                       void* scratch) {
  TileScratch& t = *static_cast<TileScratch*>(scratch);
  const uint32_t width = n_end - n_begin;
  for (uint32_t m = 0; m < rows.count; ++m) memset(y + m * stride, 0, width * sizeof *y);
  for (uint32_t c = 0; c < w.n_chunks; ++c) {
    GROK1_WITH_ELEMENT(w.element, add_chunk, w, rows, w.chunks[c], n_begin, width, &t.chunk[0][0], kTileColumns);
    for (uint32_t m = 0; m < rows.count; ++m)
      in_sixteens(width, [&](uint64_t n, uint32_t lanes) {
        float* out = y + m * stride + n;
        store_lanes(out, add(load_lanes(out, lanes), load_lanes(t.chunk[m] + n, lanes)), lanes);
      });
  }
}

constexpr uint32_t kDots = 4;  // dot products that share the loads of x

template <Element E, uint32_t D>
GROK1_INLINE void dots_of_row(const Matrix& w, const float* x, uint32_t n, float multiplier, float* y) {
  Float16 sum[D];
  for (uint32_t d = 0; d < D; ++d) sum[d] = set(0.0f);
  const char* first = w.data + n * w.row_bytes;
  in_sixteens(w.k, [&](uint64_t k, uint32_t lanes) {
    const Float16 inputs = load_lanes(x + k, lanes);
    for (uint32_t d = 0; d < D; ++d)
      sum[d] = fma(inputs, load_lanes<E>(first + d * w.row_bytes + k * kBytesOf<E>, lanes), sum[d]);
  });
  for (uint32_t d = 0; d < D; ++d) y[d] = sum_of_lanes(sum[d]) * multiplier;
}

template <Element E>
static void dots_as(const Matrix& w, const Rows& rows, uint32_t n_begin, uint32_t n_end, float multiplier, float* y,
                    uint64_t stride) {
  for (uint32_t n = n_begin; n < n_end;) {
    const bool several = n + kDots <= n_end;
    for (uint32_t m = 0; m < rows.count; ++m) {
      const float* x = rows.values + row_of(rows, m) * rows.stride;
      float* out = y + m * stride + (n - n_begin);
      if (several) {
        dots_of_row<E, kDots>(w, x, n, multiplier, out);
      } else {
        dots_of_row<E, 1>(w, x, n, multiplier, out);
      }
    }
    n += several ? kDots : 1;
  }
}

static void dots(const Matrix& w, const Rows& rows, uint32_t n_begin, uint32_t n_end, float multiplier, float* y,
                 uint64_t stride) {
  GROK1_WITH_ELEMENT(w.element, dots_as, w, rows, n_begin, n_end, multiplier, y, stride);
}

}  // namespace grok1::cpu::GROK1_ISA

#endif
