// Many rows times at most kTileColumns columns of an int8 matrix stored [K, N]: a block of weights is interleaved once
// and multiplied with every row while it is in the cache. The same integers as sweep_i8.h, scaled in the same order.
// Two forms: digits of two bytes meet pairs of weights (dot2), digits of one byte, where the processor has dot4, quads.
#ifndef GROK1_BACKENDS_CPU_KERNELS_TILE_I8_H
#define GROK1_BACKENDS_CPU_KERNELS_TILE_I8_H

#include "backends/cpu/kernels/unit_i8.h"

namespace grok1::cpu::GROK1_ISA {

struct TileScratch {
  int32_t packed[kTileColumns / kStrip][kBlock / 2][kStrip];  // a block, units out of order as the sums are
  float chunk[kPanelRows][kTileColumns];
  float group[kPanelRows][kTileColumns];
  int8_t bytes[kPanelRows][kBlock];  // digits of a block, in the form of quads
};

struct TileRow {
  const char* digits;  // of the block
  int32_t start;       // of every sum
  float scale;
  float* out;  // columns of the chunk's sums
};

struct Pairs {
  static constexpr uint32_t kInputs = 2;
  GROK1_INLINE void interleave(const RegI* rows, RegI* unit) { interleave_pairs(rows[0], rows[1], unit); }
  GROK1_INLINE Int16 dot(Int16 sum, Int16 w, Int16 x) { return dot2(sum, w, x); }
  // Where the block's size is odd, one digit behind it is read; it meets a weight of 0.
  GROK1_INLINE void digits(const int16_t* x, uint32_t, int8_t*, TileRow& row) {
    row.digits = reinterpret_cast<const char*>(x);
    row.start = 0;
  }
};

#if defined(GROK1_HAS_DOT4)
struct Quads {
  static constexpr uint32_t kInputs = 4;
  GROK1_INLINE void interleave(const RegI* rows, RegI* unit) { interleave_quads(rows, unit); }
  GROK1_INLINE Int16 dot(Int16 sum, Int16 w, Int16 x) { return dot4(sum, w, x); }
  // The weights have 128 added, so every sum begins 128 * (sum of digits) below.
  GROK1_INLINE void digits(const int16_t* x, uint32_t size, int8_t* bytes, TileRow& row) {
    int32_t sum = 0;
    for (uint32_t k = 0; k < size; ++k) {
      bytes[k] = static_cast<int8_t>(x[k]);
      sum += x[k];
    }
    memset(bytes + size, 0, kBlock - size);
    row.digits = reinterpret_cast<const char*>(bytes);
    row.start = -128 * sum;
  }
};
#else
using Quads = Pairs;
#endif

// A block of the matrix: `size` rows of `width` columns, and where the next one lies (or this one again).
struct TileBlock {
  const int8_t* first;
  const int8_t* next;
  uint64_t row_bytes;
  uint32_t size, width;
};

// Interleaves a block; columns and inputs that are not there are filled with 0.
template <class Form>
static void pack_block(const TileBlock& b, TileScratch& t) {
  for (uint32_t k = 0; k < b.size; k += Form::kInputs)
    for (uint32_t n = 0; n < b.width; n += kUnit) {
      RegI rows[Form::kInputs], unit[4];
      for (uint32_t i = 0; i < Form::kInputs; ++i)
        rows[i] = k + i < b.size ? load_unit(b.first + (k + i) * b.row_bytes + n, b.width - n) : reg_set(0);
      Form::interleave(rows, unit);
      int32_t* out = &t.packed[n / kStrip][k / Form::kInputs][n % kStrip];
      for (uint32_t j = 0; j < 4; ++j) reg_store(out + kUnitLanes * j, unit[j]);
    }
}

// out = fma(float(sum of digits * weights), scale, out) for R rows and 16 C columns.
template <class Form, uint32_t R, uint32_t C>
GROK1_INLINE void multiply(const int32_t (*packed)[kStrip], uint32_t steps, const TileRow* rows) {
  Int16 sum[R][C];
  for (uint32_t r = 0; r < R; ++r)
    for (uint32_t c = 0; c < C; ++c) sum[r][c] = set(rows[r].start);
  for (uint32_t p = 0; p < steps; ++p) {
    Int16 w[C];
    for (uint32_t c = 0; c < C; ++c) w[c] = load(packed[p] + 16 * c);
    for (uint32_t r = 0; r < R; ++r) {
      int32_t digits;
      memcpy(&digits, rows[r].digits + sizeof digits * p, sizeof digits);
      const Int16 x = set(digits);
      for (uint32_t c = 0; c < C; ++c) sum[r][c] = Form::dot(sum[r][c], w[c], x);
    }
  }
  for (uint32_t r = 0; r < R; ++r)
    for (uint32_t c = 0; c < C; ++c) {
      float* out = rows[r].out + 16 * c;
      store(out, fma(convert(sum[r][c]), set(rows[r].scale), load(out)));
    }
}

template <class Form, uint32_t R>
static void multiply_strip(const int32_t (*packed)[kStrip], uint32_t steps, TileRow* rows) {
  for (uint32_t n = 0; n < kStrip; n += 16 * kMicroColumns) {
    multiply<Form, R, kMicroColumns>(reinterpret_cast<const int32_t(*)[kStrip]>(&packed[0][n]), steps, rows);
    for (uint32_t r = 0; r < R; ++r) rows[r].out += 16 * kMicroColumns;
  }
}

// All rows of one block. Between the rows, lines of the next block are asked for: its rows lie pages apart, which no
// hardware foresees.
template <class Form>
static void multiply_block(const Rows& rows, const Chunk& chunk, uint32_t done, const TileBlock& b, TileScratch& t) {
  TileRow all[kPanelRows];
  for (uint32_t m = 0; m < rows.count; ++m) {
    const uint64_t row = rows.index == nullptr ? m : rows.index[m];
    const uint32_t k = chunk.k_begin + done;
    Form::digits(rows.digits + row * rows.digit_stride + k, b.size, t.bytes[m], all[m]);
    all[m].scale = rows.scales[row * rows.scale_stride + chunk.block_begin + done / kBlock];
    all[m].out = t.chunk[m];
  }
  const uint32_t steps = (b.size + Form::kInputs - 1) / Form::kInputs;
  const uint32_t strips = (b.width + kStrip - 1) / kStrip;
  const uint32_t calls = strips * ((rows.count + kMicroRows - 1) / kMicroRows), per_call = (kBlock + calls - 1) / calls;
  uint32_t asked = 0;
  const auto ask = [&] {
    for (uint32_t i = 0; i < per_call && asked < kBlock; ++i, ++asked)
      for (uint32_t n = 0; n < b.width; n += 64) __builtin_prefetch(b.next + asked * b.row_bytes + n, 0, 2);
  };
  for (uint32_t s = 0; s < strips; ++s) {
    uint32_t m = 0;
    for (; m + kMicroRows <= rows.count; m += kMicroRows)
      ask(), multiply_strip<Form, kMicroRows>(t.packed[s], steps, all + m);
    for (; m < rows.count; ++m) multiply_strip<Form, 1>(t.packed[s], steps, all + m);
  }
}

// group += chunk; at the end of a scale group y = fma(group, scale, y).
template <Element E>
static void end_chunk(const Matrix& w, const Chunk& chunk, uint32_t n_rows, uint32_t n_begin, uint32_t width, float* y,
                      uint64_t stride, TileScratch& t) {
  const char* scales = w.scales + chunk.group * w.scale_row_bytes + uint64_t{n_begin} * kBytesOf<E>;
  for (uint32_t m = 0; m < n_rows; ++m)
    for (uint32_t n = 0; n < width; n += kStrip) {
      for (uint32_t i = n; i < n + kStrip; i += 16)
        store(t.group[m] + i, add(load(t.group[m] + i), load(t.chunk[m] + i)));
      if (!chunk.ends_group) continue;
      for (uint32_t i = n; i < n + kStrip; i += kUnit) {
        RegF sums[4];
        for (uint32_t j = 0; j < 4; ++j) sums[j] = reg_load(t.group[m] + i + kUnitLanes * j);
        in_order(sums);
        for (uint32_t j = 0; j < 4; ++j) reg_store(t.group[m] + i + kUnitLanes * j, sums[j]);
      }
      in_sixteens(width - n < kStrip ? width - n : kStrip, [&](uint64_t i, uint32_t lanes) {
        float* out = y + m * stride + n + i;
        const Float16 scale = load_lanes<E>(scales + (n + i) * kBytesOf<E>, lanes);
        store_lanes(out, fma(load(t.group[m] + n + i), scale, load_lanes(out, lanes)), lanes);
      });
      for (uint32_t i = n; i < n + kStrip; i += 16) store(t.group[m] + i, set(0.0f));
    }
}

template <class Form>
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
      const TileBlock block{first, first + size * w.row_bytes, w.row_bytes, size, width};
      pack_block<Form>(block, t);
      multiply_block<Form>(rows, chunk, done, block, t);
    }
    GROK1_WITH_ELEMENT(w.scale_element, end_chunk, w, chunk, rows.count, n_begin, width, y, stride, t);
  }
}

}  // namespace grok1::cpu::GROK1_ISA

#endif
