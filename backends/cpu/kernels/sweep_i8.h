// One row times a chunk of an int8 matrix stored [K, N], read in long runs: eight rows of the matrix at a time are
// swept over all columns of the slice, the exact int32 sums of a block waiting in the cache. Scaled once per block. The
// many rows of a prompt take tile_i8.h, which gives the same bits.
#ifndef GROK1_BACKENDS_CPU_KERNELS_SWEEP_I8_H
#define GROK1_BACKENDS_CPU_KERNELS_SWEEP_I8_H

#include "backends/cpu/kernels/simd.h"

#if defined(__AVX512VNNI__)
#include "backends/cpu/kernels/strip_vnni.h"
#else
#include "backends/cpu/kernels/strip_pairs.h"
#endif

namespace grok1::cpu::GROK1_ISA {

// Adds kSweepRows rows of the matrix, `k` the number of the first within the block, to all strips of the sums.
GROK1_INLINE void sweep_rows(const int8_t* const* rows, uint64_t next, const BlockDigits& x, uint32_t k, uint32_t width,
                             int32_t* sums) {
  uint32_t n = 0;
  for (; n + kStrip <= width; n += kStrip) {
    const int8_t* at[kSweepRows];
    for (uint32_t i = 0; i < kSweepRows; ++i) {
      at[i] = rows[i] + n;
      __builtin_prefetch(at[i] + next);  // the same columns of the next sweep
    }
    add_strip(at, x, k, sums + n * kSumsPerColumn);
  }
  if (n == width) return;
  int8_t copy[kSweepRows][kStrip] = {};  // nothing behind the last column is read
  const int8_t* at[kSweepRows];
  for (uint32_t i = 0; i < kSweepRows; ++i) {
    memcpy(copy[i], rows[i] + n, width - n);
    at[i] = copy[i];
  }
  add_strip(at, x, k, sums + n * kSumsPerColumn);
}

static void sweep_block(const int8_t* w, uint64_t row_bytes, uint32_t size, const BlockDigits& x, uint32_t width,
                        int32_t* sums) {
  memset(sums, 0, (width + kStrip - 1) / kStrip * kStrip * kSumsPerColumn * sizeof *sums);
  for (uint32_t k = 0; k < size; k += kSweepRows) {
    const int8_t* rows[kSweepRows];
    for (uint32_t i = 0; i < kSweepRows; ++i)  // behind the block's end the digits are 0: any row serves
      rows[i] = w + row_bytes * (k + i < size ? k + i : size - 1);
    sweep_rows(rows, row_bytes * kSweepRows, x, k, width, sums);
  }
}

// partial = fma(float(sums), scale, partial)
static void add_block(const int32_t* sums, const BlockDigits& x, float scale, uint32_t width, float* partial) {
  for (uint32_t n = 0; n < width; n += kStrip) {
    Int16 t[kStrip / 16];
    exact_sums(sums + n * kSumsPerColumn, x, t);
    const uint32_t rest = width - n < kStrip ? width - n : kStrip;
    in_sixteens(rest, [&](uint64_t i, uint32_t lanes) {
      float* p = partial + n + i;
      store_lanes(p, fma(convert(t[i / 16]), set(scale), load_lanes(p, lanes)), lanes);
    });
  }
}

static void sweep_i8(const Matrix& w, const Rows& row, const Chunk& chunk, uint32_t n_begin, uint32_t n_end,
                     float* partial, void* scratch) {
  const uint32_t width = n_end - n_begin, at = row.index == nullptr ? 0 : row.index[0];
  const int16_t* digits = row.digits + at * row.digit_stride;
  const float* scales = row.scales + at * row.scale_stride;
  int32_t* sums = static_cast<int32_t*>(scratch);
  memset(partial, 0, width * sizeof *partial);
  for (uint32_t done = 0; done < chunk.k_size; done += kBlock) {
    const uint32_t k = chunk.k_begin + done, rest = chunk.k_size - done, size = rest < kBlock ? rest : kBlock;
    const BlockDigits x(digits + k, size);
    const int8_t* first = reinterpret_cast<const int8_t*>(w.data) + k * w.row_bytes + n_begin;
    sweep_block(first, w.row_bytes, size, x, width, sums);
    add_block(sums, x, scales[chunk.block_begin + done / kBlock], width, partial);
  }
}

}  // namespace grok1::cpu::GROK1_ISA

#endif
