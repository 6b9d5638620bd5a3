// A few rows times a chunk of an int8 matrix stored [K, N], read in long runs: some rows of the matrix at a time are
// swept over all columns of the slice, the exact int32 sums of a block waiting in the cache, and scaled once per block.
// The many rows of a prompt take tile_i8.h, which gives the same bits.
#ifndef GROK1_BACKENDS_CPU_KERNELS_SWEEP_I8_H
#define GROK1_BACKENDS_CPU_KERNELS_SWEEP_I8_H

#include "backends/cpu/kernels/unit_i8.h"

namespace grok1::cpu::GROK1_ISA {

constexpr uint32_t kSweepRows = kRegs == 1 ? 8 : 4;  // of the matrix: their pairs stay in registers

// Digits of a block, 0 behind its end: a row of the matrix that is not there counts nothing.
struct BlockDigits {
  int16_t x[kRowsTogether][kBlock + 8];

  void take(const Rows& rows, uint32_t begin, uint32_t count, uint32_t k, uint32_t size) {
    for (uint32_t r = 0; r < count; ++r) {
      memcpy(x[r], rows.digits + row_of(rows, begin + r) * rows.digit_stride + k, size * sizeof(int16_t));
      if (size < kBlock) memset(x[r] + size, 0, 8 * sizeof(int16_t));
    }
  }
  RegI pair(uint32_t row, uint32_t k) const {
    int32_t both;
    memcpy(&both, x[row] + k, sizeof both);
    return reg_set(both);
  }
};

struct SweepSums {
  int32_t* first;   // [rows, stride], units out of order
  uint64_t stride;  // the slice's width in whole units
};

// Adds kSweepRows rows of a unit, `k` the number of the first within the block, to the sums of column n of all rows.
// Fewer instructions than unit_i8.h's two steps: how far ahead of the memory a core gets depends on their number.
GROK1_INLINE void add_unit(const int8_t* const* w, uint32_t n, const BlockDigits& x, uint32_t n_rows, uint32_t k,
                           int32_t* sums, uint64_t stride) {
  RegI pairs[kSweepRows / 2][4];
  for (uint32_t i = 0; i < kSweepRows / 2; ++i) reg_load_pairs(w[2 * i] + n, w[2 * i + 1] + n, pairs[i]);
  for (uint32_t r = 0; r < n_rows; ++r, sums += stride) {
    RegI sum[4];
    for (uint32_t j = 0; j < 4; ++j) sum[j] = reg_load(sums + kUnitLanes * j);
    for (uint32_t i = 0; i < kSweepRows / 2; ++i) {
      const RegI digits = x.pair(r, k + 2 * i);
      for (uint32_t j = 0; j < 4; ++j) sum[j] = reg_dot2(sum[j], pairs[i][j], digits);
    }
    for (uint32_t j = 0; j < 4; ++j) reg_store(sums + kUnitLanes * j, sum[j]);
  }
}

constexpr uint32_t kBytesAhead = 4096;  // of the memory, where it is read in the order of its bytes

// Asks for the rows of the next sweep, run after run, as the memory likes it best, and not column by column.
class Ahead {
 public:
  Ahead(const int8_t* first, uint64_t row_bytes, uint32_t width) : at_(first), row_bytes_(row_bytes), width_(width) {}
  void ask() {  // for as many bytes as a sweep reads of a unit
    for (uint32_t i = 0; i < kSweepRows * kUnit; i += 64) __builtin_prefetch(at_ + done_ + i);
    done_ += kSweepRows * kUnit;
    if (done_ >= width_) at_ += row_bytes_, done_ = 0;
  }

 private:
  const int8_t* at_;
  const uint64_t row_bytes_;
  const uint32_t width_;
  uint32_t done_ = 0;
};

GROK1_INLINE void sweep_rows(const int8_t* const* rows, Ahead ahead, const BlockDigits& x, uint32_t n_rows, uint32_t k,
                             uint32_t width, const SweepSums& sums) {
  uint32_t n = 0;
  for (; n + kUnit <= width; n += kUnit) {
    ahead.ask();
    add_unit(rows, n, x, n_rows, k, sums.first + n, sums.stride);
  }
  if (n == width) return;
  int8_t copy[kSweepRows][kUnit] = {};  // nothing behind the last column is read
  const int8_t* at[kSweepRows];
  for (uint32_t i = 0; i < kSweepRows; ++i) {
    memcpy(copy[i], rows[i] + n, width - n);
    at[i] = copy[i];
  }
  add_unit(at, 0, x, n_rows, k, sums.first + n, sums.stride);
}

static void sweep_block(const Run& run, uint32_t size, const BlockDigits& x, uint32_t n_rows, const SweepSums& sums) {
  const auto [w, row_bytes, width] = run;
  const uint64_t next = row_bytes <= kTileColumns ? kBytesAhead : row_bytes * kSweepRows;
  memset(sums.first, 0, n_rows * sums.stride * sizeof(int32_t));
  for (uint32_t k = 0; k < size; k += kSweepRows) {
    const int8_t* rows[kSweepRows];
    for (uint32_t i = 0; i < kSweepRows; ++i)  // behind the block's end the digits are 0: any row serves
      rows[i] = w + row_bytes * (k + i < size ? k + i : size - 1);
    const Ahead ahead(w + row_bytes * k + next, row_bytes, width);
    if (n_rows == 1) {
      sweep_rows(rows, ahead, x, 1, k, width, sums);
    } else {
      sweep_rows(rows, ahead, x, n_rows, k, width, sums);
    }
  }
}

// partial = fma(float(sums), scale, partial)
static void add_block(const int32_t* sums, float scale, uint32_t width, float* partial) {
  for (uint32_t n = 0; n < width; n += kUnit) {
    RegI t[4];
    for (uint32_t j = 0; j < 4; ++j) t[j] = reg_load(sums + n + kUnitLanes * j);
    reg_order_pairs(t);
    float* p = partial + n;
    float copy[kUnit] = {};
    const uint32_t rest = width - n;
    if (rest < kUnit) p = copy, memcpy(copy, partial + n, rest * sizeof(float));
    for (uint32_t j = 0; j < 4; ++j) {
      float* lanes = p + kUnitLanes * j;
      reg_store(lanes, reg_fma(reg_convert(t[j]), reg_set(scale), reg_load(lanes)));
    }
    if (rest < kUnit) memcpy(partial + n, copy, rest * sizeof(float));
  }
}

// A row times U units of a tile, whose rows follow each other in memory: the sums stay in registers.
template <uint32_t U>
GROK1_INLINE void dot_units(const int8_t* w, uint64_t row_bytes, uint32_t size, const BlockDigits& x, float scale,
                            float* partial) {
  RegI sums[U][4];
  for (uint32_t u = 0; u < U; ++u)
    for (uint32_t j = 0; j < 4; ++j) sums[u][j] = reg_set(0);
  const auto add_rows = [&](const int8_t* first, const int8_t* second, uint32_t k) {
    const RegI digits = x.pair(0, k);
    for (uint32_t u = 0; u < U; ++u) {
      RegI pairs[4];
      reg_load_pairs(first + u * kUnit, second + u * kUnit, pairs);
      for (uint32_t j = 0; j < 4; ++j) sums[u][j] = reg_dot2(sums[u][j], pairs[j], digits);
    }
  };
  uint32_t k = 0;
  for (; k + 1 < size; k += 2, w += 2 * row_bytes) {
    for (uint32_t n = 0; n < U * kUnit; n += 64) {
      __builtin_prefetch(w + kBytesAhead + n);
      __builtin_prefetch(w + kBytesAhead + row_bytes + n);
    }
    add_rows(w, w + row_bytes, k);
  }
  if (k < size) add_rows(w, w, k);  // the digit behind the block's end is 0
  for (uint32_t u = 0; u < U; ++u) {
    reg_order_pairs(sums[u]);
    for (uint32_t j = 0; j < 4; ++j) {
      float* lanes = partial + u * kUnit + kUnitLanes * j;
      reg_store(lanes, reg_fma(reg_convert(sums[u][j]), reg_set(scale), reg_load(lanes)));
    }
  }
}

constexpr uint32_t kDotUnits = kRegs == 1 ? 4 : kRegs == 2 ? 2 : 1;  // whose sums fit into the registers

static void dot_block(const Run& run, uint32_t size, const BlockDigits& x, float scale, float* partial) {
  for (uint32_t n = 0; n < run.width; n += kDotUnits * kUnit)
    dot_units<kDotUnits>(run.first + n, run.row_bytes, size, x, scale, partial + n);
}

// Some rows times a run of a block.
static void sweep_run(const Run& run, uint32_t size, const BlockDigits& x, const float* const* scales, uint32_t n_rows,
                      bool tiled, float* partial, uint64_t stride, void* scratch) {
  if (tiled && n_rows == 1 && run.width % (kDotUnits * kUnit) == 0) {
    dot_block(run, size, x, *scales[0], partial);
    return;
  }
  const SweepSums sums{static_cast<int32_t*>(scratch), (run.width + kUnit - 1) / kUnit * kUnit};
  sweep_block(run, size, x, n_rows, sums);
  for (uint32_t r = 0; r < n_rows; ++r)
    add_block(sums.first + r * sums.stride, *scales[r], run.width, partial + r * stride);
}

static void sweep_i8(const Matrix& w, const Rows& rows, const Chunk& chunk, uint32_t n_begin, uint32_t n_end,
                     float* partial, uint64_t stride, void* scratch) {
  BlockDigits x;
  for (uint32_t r = 0; r < rows.count; ++r) memset(partial + r * stride, 0, (n_end - n_begin) * sizeof *partial);
  for (uint32_t done = 0; done < chunk.k_size; done += kBlock) {
    const uint32_t k = chunk.k_begin + done, rest = chunk.k_size - done, size = rest < kBlock ? rest : kBlock;
    for (uint32_t begin = 0; begin < rows.count; begin += kRowsTogether) {
      const uint32_t left = rows.count - begin, count = left < kRowsTogether ? left : kRowsTogether;
      const float* scales[kRowsTogether];
      x.take(rows, begin, count, k, size);
      for (uint32_t r = 0; r < count; ++r)
        scales[r] = rows.scales + row_of(rows, begin + r) * rows.scale_stride + chunk.block_begin + done / kBlock;
      for (uint32_t n = n_begin; n < n_end;) {
        const Run run = run_of(w, k, size, n, n_end);
        sweep_run(run, size, x, scales, count, w.tiled, partial + begin * stride + (n - n_begin), stride, scratch);
        n += run.width;
      }
    }
  }
}

}  // namespace grok1::cpu::GROK1_ISA

#endif
