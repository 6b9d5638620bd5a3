// Linear layers of F32, F16 and BF16 matrices stored [K, N]: every column is a chain of fused multiply-adds over the
// inputs of a chunk, chunks added by index. Those stored [N, K] are in dots.h.
#ifndef GROK1_BACKENDS_CPU_KERNELS_LINEAR_FLOAT_H
#define GROK1_BACKENDS_CPU_KERNELS_LINEAR_FLOAT_H

#include "backends/cpu/kernels/simd.h"

namespace grok1::cpu::GROK1_ISA {

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

static void sweep_float(const Matrix& w, const Rows& rows, const Chunk& chunk, uint32_t n_begin, uint32_t n_end,
                        float* partial, uint64_t stride) {
  GROK1_WITH_ELEMENT(w.element, add_chunk, w, rows, chunk, n_begin, n_end - n_begin, partial, stride);
}

constexpr uint32_t kFloatBlock = 128;  // inputs: a packed strip of them stays in the nearest cache

struct FloatTile {
  float packed[kTileColumns / kStrip][kFloatBlock][kStrip];
  float chunk[kPanelRows][kTileColumns];
};

// Inputs k .. k + size of `width` columns as floats; columns that are not there are 0.
template <Element E>
static void pack_floats(const Matrix& w, uint32_t k, uint32_t size, uint32_t n_begin, uint32_t width, FloatTile& t) {
  for (uint32_t i = 0; i < size; ++i) {
    const char* row = w.data + (k + i) * w.row_bytes + uint64_t{n_begin} * kBytesOf<E>;
    for (uint32_t n = 0; n < width; n += kStrip) {
      float* out = t.packed[n / kStrip][i];
      in_sixteens(width - n < kStrip ? width - n : kStrip, [&](uint64_t c, uint32_t lanes) {
        store(out + c, load_lanes<E>(row + (n + c) * kBytesOf<E>, lanes));
      });
    }
  }
}

struct FloatRow {
  const float* x;
  float* out;  // columns of the chunk's sums
};

// Every sum continues its chain over `size` inputs: R rows and 16 C columns.
template <uint32_t R, uint32_t C>
GROK1_INLINE void continue_chains(const float (*packed)[kStrip], uint32_t size, const FloatRow* rows) {
  Float16 sum[R][C];
  for (uint32_t r = 0; r < R; ++r)
    for (uint32_t c = 0; c < C; ++c) sum[r][c] = load(rows[r].out + 16 * c);
  for (uint32_t k = 0; k < size; ++k) {
    Float16 w[C];
    for (uint32_t c = 0; c < C; ++c) w[c] = load(packed[k] + 16 * c);
    for (uint32_t r = 0; r < R; ++r) {
      const Float16 x = set(rows[r].x[k]);
      for (uint32_t c = 0; c < C; ++c) sum[r][c] = fma(x, w[c], sum[r][c]);
    }
  }
  for (uint32_t r = 0; r < R; ++r)
    for (uint32_t c = 0; c < C; ++c) store(rows[r].out + 16 * c, sum[r][c]);
}

template <uint32_t R>
static void continue_strip(const float (*packed)[kStrip], uint32_t size, FloatRow* rows) {
  for (uint32_t n = 0; n < kStrip; n += 16 * kMicroColumns) {
    continue_chains<R, kMicroColumns>(reinterpret_cast<const float(*)[kStrip]>(&packed[0][n]), size, rows);
    for (uint32_t r = 0; r < R; ++r) rows[r].out += 16 * kMicroColumns;
  }
}

static void multiply_floats(const Rows& rows, uint32_t k, uint32_t size, uint32_t width, FloatTile& t) {
  for (uint32_t n = 0; n < width; n += kStrip) {
    FloatRow at[kMicroRows];
    const auto take = [&](uint32_t m, uint32_t count) {
      for (uint32_t r = 0; r < count; ++r)
        at[r] = {rows.values + row_of(rows, m + r) * rows.stride + k, t.chunk[m + r] + n};
    };
    uint32_t m = 0;
    for (; m + kMicroRows <= rows.count; m += kMicroRows)
      take(m, kMicroRows), continue_strip<kMicroRows>(t.packed[n / kStrip], size, at);
    for (; m < rows.count; ++m) take(m, 1), continue_strip<1>(t.packed[n / kStrip], size, at);
  }
}

static void tile_float(const Matrix& w, const Rows& rows, uint32_t n_begin, uint32_t n_end, float* y, uint64_t stride,
                       void* scratch) {
  FloatTile& t = *static_cast<FloatTile*>(scratch);
  const uint32_t width = n_end - n_begin;
  for (uint32_t m = 0; m < rows.count; ++m) memset(y + m * stride, 0, width * sizeof *y);
  for (uint32_t c = 0; c < w.n_chunks; ++c) {
    const Chunk& chunk = w.chunks[c];
    memset(t.chunk, 0, rows.count * sizeof t.chunk[0]);
    for (uint32_t done = 0; done < chunk.k_size; done += kFloatBlock) {
      const uint32_t rest = chunk.k_size - done, size = rest < kFloatBlock ? rest : kFloatBlock;
      GROK1_WITH_ELEMENT(w.element, pack_floats, w, chunk.k_begin + done, size, n_begin, width, t);
      multiply_floats(rows, chunk.k_begin + done, size, width, t);
    }
    for (uint32_t m = 0; m < rows.count; ++m)
      in_sixteens(width, [&](uint64_t n, uint32_t lanes) {
        float* out = y + m * stride + n;
        store_lanes(out, add(load_lanes(out, lanes), load_lanes(t.chunk[m] + n, lanes)), lanes);
      });
  }
}

}  // namespace grok1::cpu::GROK1_ISA

#endif
