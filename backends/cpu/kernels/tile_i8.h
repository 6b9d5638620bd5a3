// Many rows times at most kTileColumns columns, of one tile where there are tiles, of an int8 matrix stored [K, N]: a
// block of weights is interleaved once and multiplied with every row while it is in the cache. The same integers as
// sweep_i8.h, scaled in the same order. Two forms: digits of two bytes meet pairs of weights (dot2), digits of one
// byte, where the processor has dot4, quads.
#ifndef GROK1_BACKENDS_CPU_KERNELS_TILE_I8_H
#define GROK1_BACKENDS_CPU_KERNELS_TILE_I8_H

#include "backends/cpu/kernels/unit_i8.h"

namespace grok1::cpu::GROK1_ISA {

struct PackedBlock {
  int32_t strip[kTileColumns / kStrip][kBlock / 2][kStrip];  // units out of order, as the sums are
};

struct TileSums {
  PackedBlock packed[2];  // one is multiplied while the next is made
  float chunk[kPanelRows][kTileColumns];
  float group[kPanelRows][kTileColumns];
};

struct TileScratch : TileSums {
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
  GROK1_INLINE void interleave(const RegI* rows, RegI* unit) { interleave_quads(rows, unit, 0x80808080); }
  GROK1_INLINE Int16 dot(Int16 sum, Int16 w, Int16 x) { return dot4(sum, w, x); }
  // The weights have 128 added, so every sum begins 128 * (sum of digits) below.
  GROK1_INLINE void digits(const int16_t* x, uint32_t size, int8_t* bytes, TileRow& row) {
    int16_t copy[kBlock];
    if (size < kBlock) {
      memset(copy, 0, sizeof copy);
      memcpy(copy, x, size * sizeof *x);
      x = copy;
    }
    Int16 sum = set(0);
    for (uint32_t k = 0; k < kBlock; k += 32) {
      Int16 pairs;
      memcpy(&pairs, x + k, sizeof pairs);
      sum = dot2(sum, pairs, set(0x00010001));
      for (uint32_t i = k; i < k + 32; ++i) bytes[i] = static_cast<int8_t>(x[i]);
    }
    row.digits = reinterpret_cast<const char*>(bytes);
    row.start = -128 * sum_of_lanes(sum);
  }
};
#else
using Quads = Pairs;
#endif

// A block of the matrix: `size` rows of `width` columns.
struct TileBlock {
  const int8_t* first;
  uint64_t row_bytes;
  uint32_t size, width;
};

constexpr uint32_t kRowsAhead = 8;  // rows that are asked for in advance: their lines share a few sets of the caches

// A block being interleaved, some rows at a time; columns and inputs that are not there are filled with 0.
template <class Form>
class Packing {
 public:
  Packing() = default;
  Packing(const TileBlock& block, PackedBlock& out) : block_(block), out_(&out) { ask(0, kRowsAhead); }

  void take(uint32_t rows) {
    for (const uint32_t end = done_ + rows; done_ < end && done_ < block_.size; done_ += Form::kInputs) {
      ask(done_ + kRowsAhead, done_ + kRowsAhead + Form::kInputs);
      take_inputs(done_);
    }
  }
  void finish() { take(block_.size); }

 private:
  void ask(uint32_t begin, uint32_t end) const {
    for (uint32_t k = begin; k < end && k < block_.size; ++k)
      for (uint32_t n = 0; n < block_.width; n += 64) __builtin_prefetch(block_.first + k * block_.row_bytes + n);
  }
  void take_inputs(uint32_t k) const {
    for (uint32_t n = 0; n < block_.width; n += kUnit) {
      RegI rows[Form::kInputs], unit[4];
      for (uint32_t i = 0; i < Form::kInputs; ++i)
        rows[i] = k + i < block_.size ? load_unit(block_.first + (k + i) * block_.row_bytes + n, block_.width - n)
                                      : reg_set(0);
      Form::interleave(rows, unit);
      int32_t* to = out_->strip[n / kStrip][k / Form::kInputs] + n % kStrip;
      for (uint32_t j = 0; j < 4; ++j) reg_store(to + kUnitLanes * j, unit[j]);
    }
  }

  TileBlock block_{};
  PackedBlock* out_ = nullptr;
  uint32_t done_ = 0;
};

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

// All rows of one block. Between the rows the next block is packed, a little at a time: its rows lie pages apart, and
// this way nobody waits for them.
template <class Form>
static void multiply_block(const Rows& rows, const Chunk& chunk, uint32_t done, const TileBlock& b,
                           const PackedBlock& packed, Packing<Form>& next, TileScratch& t) {
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
  const uint32_t calls = strips * ((rows.count + kMicroRows - 1) / kMicroRows);
  const uint32_t per_call = (kBlock / Form::kInputs + calls - 1) / calls * Form::kInputs;
  for (uint32_t s = 0; s < strips; ++s) {
    uint32_t m = 0;
    for (; m + kMicroRows <= rows.count; m += kMicroRows) {
      next.take(per_call);
      multiply_strip<Form, kMicroRows>(packed.strip[s], steps, all + m);
    }
    for (; m < rows.count; ++m) multiply_strip<Form, 1>(packed.strip[s], steps, all + m);
  }
  next.finish();
}

// group += chunk; at the end of a scale group y = fma(group, scale, y).
template <Element E>
static void end_chunk(const Matrix& w, const Chunk& chunk, uint32_t n_rows, uint32_t n_begin, uint32_t width, float* y,
                      uint64_t stride, TileSums& t) {
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

// The blocks of a matrix in order.
struct BlockAt {
  uint32_t chunk = 0, done = 0;  // inputs of the chunk

  BlockAt after(const Matrix& w) const {
    return done + kBlock < w.chunks[chunk].k_size ? BlockAt{chunk, done + kBlock} : BlockAt{chunk + 1, 0};
  }
  TileBlock of(const Matrix& w, uint32_t n_begin, uint32_t n_end) const {
    if (chunk == w.n_chunks) return {};
    const Chunk& c = w.chunks[chunk];
    const uint32_t rest = c.k_size - done, size = rest < kBlock ? rest : kBlock;
    const Run run = run_of(w, c.k_begin + done, size, n_begin, n_end);
    return {run.first, run.row_bytes, size, run.width};
  }
};

// All blocks of some columns in order; multiply(chunk, done, block, packed, next) adds one to the chunk's sums.
template <class Form, class Multiply>
GROK1_INLINE void tile_blocks(const Matrix& w, uint32_t n_rows, uint32_t n_begin, uint32_t n_end, float* y,
                              uint64_t stride, TileSums& t, Multiply multiply) {
  const uint32_t width = n_end - n_begin;
  memset(t.group, 0, n_rows * sizeof t.group[0]);
  memset(t.chunk, 0, n_rows * sizeof t.chunk[0]);
  for (uint32_t m = 0; m < n_rows; ++m) memset(y + m * stride, 0, width * sizeof *y);
  uint32_t number = 0;
  Packing<Form>(BlockAt{}.of(w, n_begin, n_end), t.packed[0]).finish();
  for (BlockAt at; at.chunk < w.n_chunks; ++number) {
    const BlockAt next = at.after(w);
    Packing<Form> packing(next.of(w, n_begin, n_end), t.packed[(number + 1) % 2]);
    multiply(w.chunks[at.chunk], at.done, at.of(w, n_begin, n_end), t.packed[number % 2], packing);
    if (next.chunk != at.chunk) {
      GROK1_WITH_ELEMENT(w.scale_element, end_chunk, w, w.chunks[at.chunk], n_rows, n_begin, width, y, stride, t);
      memset(t.chunk, 0, n_rows * sizeof t.chunk[0]);
    }
    at = next;
  }
}

template <class Form>
static void tile_i8(const Matrix& w, const Rows& rows, uint32_t n_begin, uint32_t n_end, float* y, uint64_t stride,
                    void* scratch) {
  TileScratch& t = *static_cast<TileScratch*>(scratch);
  tile_blocks<Form>(w, rows.count, n_begin, n_end, y, stride, t,
                    [&](const Chunk& chunk, uint32_t done, const TileBlock& block, const PackedBlock& packed,
                        Packing<Form>& next) { multiply_block<Form>(rows, chunk, done, block, packed, next, t); });
}

}  // namespace grok1::cpu::GROK1_ISA

#endif
