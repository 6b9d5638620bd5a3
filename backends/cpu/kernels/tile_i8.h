// Many rows times at most kTileColumns columns of an int8 matrix stored [K, N]: a block of weights is widened to pairs
// of int16 once and multiplied with every row while it is in the cache. The same integers as sweep_i8.h, scaled in the
// same order.
#ifndef GROK1_BACKENDS_CPU_KERNELS_TILE_I8_H
#define GROK1_BACKENDS_CPU_KERNELS_TILE_I8_H

#include "backends/cpu/kernels/simd.h"

namespace grok1::cpu::GROK1_ISA {

constexpr uint32_t kPairs = kBlock / 2;
constexpr uint32_t kAhead = 16;  // rows of weights that are asked for in advance

struct TileScratch {
  int32_t packed[kTileColumns / kStrip][kPairs][kStrip];  // a block: two inputs per column
  float chunk[kPanelRows][kTileColumns];
  float group[kPanelRows][kTileColumns];
};

// Packs columns [0, width) of `size` rows; the strip that is not full, and the second row of a last pair that has none,
// are filled with 0.
static void pack_block(const int8_t* w, uint64_t row_bytes, uint32_t size, uint32_t width, TileScratch& t) {
  for (uint32_t k = 0; k < size; k += 2) {
    const int8_t* rows[2] = {w + k * row_bytes, w + (k + 1) * row_bytes};
    for (uint32_t s = 0; s * kStrip < width; ++s) {
      const uint32_t n = s * kStrip, columns = width - n < kStrip ? width - n : kStrip;
      __builtin_prefetch(rows[0] + n + kAhead * row_bytes);
      __builtin_prefetch(rows[1] + n + kAhead * row_bytes);
      int8_t copy[2][kStrip];
      const int8_t *a = rows[0] + n, *b = rows[1] + n;
      if (columns < kStrip || k + 1 == size) {
        memset(copy, 0, sizeof copy);
        memcpy(copy[0], a, columns);
        if (k + 1 < size) memcpy(copy[1], b, columns);
        a = copy[0], b = copy[1];
      }
      for (uint32_t i = 0; i < kStrip; i += 16) store(&t.packed[s][k / 2][i], pairs(a + i, b + i));
    }
  }
}

struct TileRow {
  const int16_t* digits;  // of the block
  float scale;
  float* out;  // columns of the chunk's sums
};

// out = fma(float(sum of digits * weights), scale, out) for R rows and 16 C columns. Where the block's size is odd, one
// digit behind it is read; it meets a weight of 0.
template <uint32_t R, uint32_t C>
GROK1_INLINE void multiply(const int32_t (*packed)[kStrip], uint32_t n_pairs, const TileRow* rows) {
  Int16 sum[R][C];
  for (uint32_t r = 0; r < R; ++r)
    for (uint32_t c = 0; c < C; ++c) sum[r][c] = set(0);
  for (uint32_t p = 0; p < n_pairs; ++p) {
    Int16 w[C];
    for (uint32_t c = 0; c < C; ++c) w[c] = load(packed[p] + 16 * c);
    for (uint32_t r = 0; r < R; ++r) {
      int32_t digits;
      memcpy(&digits, rows[r].digits + 2 * p, sizeof digits);
      const Int16 x = set(digits);
      for (uint32_t c = 0; c < C; ++c) sum[r][c] = dot2(sum[r][c], w[c], x);
    }
  }
  for (uint32_t r = 0; r < R; ++r)
    for (uint32_t c = 0; c < C; ++c) {
      float* out = rows[r].out + 16 * c;
      store(out, fma(convert(sum[r][c]), set(rows[r].scale), load(out)));
    }
}

template <uint32_t R>
static void multiply_strip(const int32_t (*packed)[kStrip], uint32_t n_pairs, TileRow* rows) {
  for (uint32_t n = 0; n < kStrip; n += 16 * kMicroColumns) {
    multiply<R, kMicroColumns>(reinterpret_cast<const int32_t(*)[kStrip]>(&packed[0][n]), n_pairs, rows);
    for (uint32_t r = 0; r < R; ++r) rows[r].out += 16 * kMicroColumns;
  }
}

// All rows of one block and strip.
static void multiply_rows(const Rows& rows, uint32_t k, uint32_t block, uint32_t n_pairs, uint32_t strip,
                          TileScratch& t) {
  uint32_t m = 0;
  TileRow at[kMicroRows];
  const auto take = [&](uint32_t count) {
    for (uint32_t r = 0; r < count; ++r, ++m) {
      const uint64_t row = rows.index == nullptr ? m : rows.index[m];
      at[r].digits = rows.digits + row * rows.digit_stride + k;
      at[r].scale = rows.scales[row * rows.scale_stride + block];
      at[r].out = t.chunk[m] + strip * kStrip;
    }
  };
  while (m + kMicroRows <= rows.count) take(kMicroRows), multiply_strip<kMicroRows>(t.packed[strip], n_pairs, at);
  while (m < rows.count) take(1), multiply_strip<1>(t.packed[strip], n_pairs, at);
}

// group += chunk; at the end of a scale group y = fma(group, scale, y).
template <Element E>
static void end_chunk(const Matrix& w, const Chunk& chunk, uint32_t n_rows, uint32_t n_begin, uint32_t width, float* y,
                      uint64_t stride, TileScratch& t) {
  const char* scales = w.scales + chunk.group * w.scale_row_bytes + uint64_t{n_begin} * kBytesOf<E>;
  for (uint32_t m = 0; m < n_rows; ++m)
    in_sixteens(width, [&](uint64_t n, uint32_t lanes) {
      Float16 sum = add(load(t.group[m] + n), load(t.chunk[m] + n));
      if (chunk.ends_group) {
        float* out = y + m * stride + n;
        store_lanes(out, fma(sum, load_lanes<E>(scales + n * kBytesOf<E>, lanes), load_lanes(out, lanes)), lanes);
        sum = set(0.0f);
      }
      store(t.group[m] + n, sum);
    });
}

static void tile_i8(const Matrix& w, const Rows& rows, uint32_t n_begin, uint32_t n_end, float* y, uint64_t stride,
                    void* scratch) {
  TileScratch& t = *static_cast<TileScratch*>(scratch);
  const uint32_t width = n_end - n_begin;
  memset(t.group, 0, rows.count * sizeof t.group[0]);
  for (uint32_t m = 0; m < rows.count; ++m) memset(y + m * stride, 0, width * sizeof *y);
  for (uint32_t c = 0; c < w.n_chunks; ++c) {
    const Chunk& chunk = w.chunks[c];
    memset(t.chunk, 0, rows.count * sizeof t.chunk[0]);
    for (uint32_t done = 0; done < chunk.k_size; done += kBlock) {
      const uint32_t k = chunk.k_begin + done, rest = chunk.k_size - done, size = rest < kBlock ? rest : kBlock;
      const int8_t* first = reinterpret_cast<const int8_t*>(w.data) + k * w.row_bytes + n_begin;
      pack_block(first, w.row_bytes, size, width, t);
      for (uint32_t s = 0; s * kStrip < width; ++s)
        multiply_rows(rows, k, chunk.block_begin + done / kBlock, (size + 1) / 2, s, t);
    }
    GROK1_WITH_ELEMENT(w.scale_element, end_chunk, w, chunk, rows.count, n_begin, width, y, stride, t);
  }
}

}  // namespace grok1::cpu::GROK1_ISA

#endif
