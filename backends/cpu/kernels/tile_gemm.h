// The tile of tile_i8.h with a library's product of bytes (Gemm) in place of our own instructions: weights are packed
// as quads, a strip of columns at a time is multiplied with the digits of all rows, and the exact sums are scaled in
// the order of tile_i8.h. So the library's kernels decide about speed and not about bits.
#ifndef GROK1_BACKENDS_CPU_KERNELS_TILE_GEMM_H
#define GROK1_BACKENDS_CPU_KERNELS_TILE_GEMM_H

#include "backends/cpu/kernels/tile_i8.h"

namespace grok1::cpu::GROK1_ISA {

struct GemmTile : TileSums {
  int32_t products[kGemmRows][kStrip];
  uint8_t digits[kGemmRows][kBlock];
};

struct SignedQuads {
  static constexpr uint32_t kInputs = 4;
  GROK1_INLINE void interleave(const RegI* rows, RegI* unit) { interleave_quads(rows, unit, 0); }
};

// Libraries want rows unsigned, as the processors' instructions do. X becomes X + 32768 in two unsigned digits, or
// X + 128 in one; the sum of the weights takes that off again. Digits behind the block's size are 0, and so is their
// one: whatever weights lie there do not count.
static void write_digits(const Rows& rows, const Chunk& chunk, uint32_t done, uint32_t size, uint32_t panel,
                         GemmTile& t) {
  memset(t.digits[0], 1, size);
  memset(t.digits[0] + size, 0, kBlock - size);
  for (uint32_t m = 0; m < rows.count; ++m) {
    const uint64_t row = rows.index == nullptr ? m : rows.index[m];
    const int16_t* x = rows.digits + row * rows.digit_stride + chunk.k_begin + done;
    uint8_t* first = t.digits[1 + m];
    uint8_t* second = t.digits[1 + panel + m];
    if (rows.one_digit) {
      for (uint32_t k = 0; k < size; ++k) first[k] = static_cast<uint8_t>(x[k] + 128);
    } else {
      for (uint32_t k = 0; k < size; ++k) {
        const uint16_t sum = static_cast<uint16_t>(x[k] + 32768);
        first[k] = static_cast<uint8_t>(sum >> 8);
        second[k] = static_cast<uint8_t>(sum);
      }
      memset(second + size, 0, kBlock - size);
    }
    memset(first + size, 0, kBlock - size);
  }
}

// chunk = fma(float(sum of X * weights), scale, chunk) for a strip's columns of one row. Sums wrap around 2^32; what is
// left in the end does not.
template <bool kOneDigit>
GROK1_INLINE void add_products(const GemmTile& t, uint32_t m, uint32_t panel, float scale, float* chunk) {
  for (uint32_t n = 0; n < kStrip; n += 16) {
    const Int16 first = load(t.products[1 + m] + n), weights = load(t.products[0] + n);
    const Int16 sum =
        kOneDigit ? sub(first, shift_left<7>(weights))
                  : add(sub(shift_left<8>(first), shift_left<15>(weights)), load(t.products[1 + panel + m] + n));
    store(chunk + n, fma(convert(sum), set(scale), load(chunk + n)));
  }
}

static void multiply_gemm(const Rows& rows, const Chunk& chunk, uint32_t done, const TileBlock& b,
                          const PackedBlock& packed, Packing<SignedQuads>& next, const Gemm& gemm, GemmTile& t) {
  write_digits(rows, chunk, done, b.size, gemm.panel, t);
  const float* scales = rows.scales + chunk.block_begin + done / kBlock;
  const uint32_t strips = (b.width + kStrip - 1) / kStrip;
  for (uint32_t s = 0; s < strips; ++s) {
    next.take(kBlock / strips / SignedQuads::kInputs * SignedQuads::kInputs);
    gemm.multiply(gemm.context, t.digits[0], reinterpret_cast<const int8_t*>(packed.strip[s]), t.products[0]);
    for (uint32_t m = 0; m < rows.count; ++m) {
      const float scale = scales[(rows.index == nullptr ? m : rows.index[m]) * rows.scale_stride];
      float* out = t.chunk[m] + s * kStrip;
      rows.one_digit ? add_products<true>(t, m, gemm.panel, scale, out)
                     : add_products<false>(t, m, gemm.panel, scale, out);
    }
  }
  next.finish();
}

static void tile_gemm(const Matrix& w, const Rows& rows, uint32_t n_begin, uint32_t n_end, float* y, uint64_t stride,
                      const Gemm& gemm, void* scratch) {
  GemmTile& t = *static_cast<GemmTile*>(scratch);
  memset(t.digits, 0, sizeof t.digits);  // rows between the tile's and the panel's
  tile_blocks<SignedQuads>(
      w, rows.count, n_begin, n_end, y, stride, t,
      [&](const Chunk& chunk, uint32_t done, const TileBlock& block, const PackedBlock& packed,
          Packing<SignedQuads>& next) { multiply_gemm(rows, chunk, done, block, packed, next, gemm, t); });
}

}  // namespace grok1::cpu::GROK1_ISA

#endif
