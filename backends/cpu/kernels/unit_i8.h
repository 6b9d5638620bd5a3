// A unit of an int8 matrix: some rows of kUnit columns, one register each, as four registers of what dot2 or dot4
// multiplies. Interleaving works inside lanes of 128 bits, so the columns of a unit, and of all sums made from it, are
// out of order until in_order() moves whole lanes back.
#ifndef GROK1_BACKENDS_CPU_KERNELS_UNIT_I8_H
#define GROK1_BACKENDS_CPU_KERNELS_UNIT_I8_H

#include "backends/cpu/kernels/simd.h"

namespace grok1::cpu::GROK1_ISA {

constexpr uint32_t kUnit = 64 / kRegs;      // columns: as many bytes as a register holds
constexpr uint32_t kUnitLanes = kUnit / 4;  // columns of each of its four registers of sums
static_assert(kStrip % kUnit == 0);

// Columns of a block that lie beside each other in each of its rows.
struct Run {
  const int8_t* first;
  uint64_t row_bytes;
  uint32_t width;
};

// The first of columns n .. n_end of the block of `size` inputs that begins at k: all of them, but where tiles end.
GROK1_INLINE Run run_of(const Matrix& w, uint32_t k, uint32_t size, uint32_t n, uint32_t n_end) {
  const int8_t* block = reinterpret_cast<const int8_t*>(w.data) + k * w.row_bytes;
  if (!w.tiled) return {block + n, w.row_bytes, n_end - n};
  const uint32_t at = n % kTileColumns, tile = n - at, left = w.n - tile;
  const uint32_t width = left < kTileColumns ? left : kTileColumns, here = tile + width - n;
  return {block + uint64_t{tile} * size + at, width, n_end - n < here ? n_end - n : here};
}

// Two rows: every 32-bit lane has the column's weights of both as int16, the first row's below.
GROK1_INLINE void interleave_pairs(RegI a, RegI b, RegI* unit) {
  const RegI low = reg_unpack_low_8(a, b), high = reg_unpack_high_8(a, b);
  unit[0] = reg_high_bytes(reg_unpack_low_8(low, low));
  unit[1] = reg_high_bytes(reg_unpack_high_8(low, low));
  unit[2] = reg_high_bytes(reg_unpack_low_8(high, high));
  unit[3] = reg_high_bytes(reg_unpack_high_8(high, high));
}

// Four rows: every 32-bit lane has the column's four weights, each with the bits of `flip` inverted: 0x80 adds 128, as
// dot4 wants one side unsigned.
GROK1_INLINE void interleave_quads(const RegI* rows, RegI* unit, uint32_t flip) {
  const RegI low_ab = reg_unpack_low_8(rows[0], rows[1]), high_ab = reg_unpack_high_8(rows[0], rows[1]);
  const RegI low_cd = reg_unpack_low_8(rows[2], rows[3]), high_cd = reg_unpack_high_8(rows[2], rows[3]);
  const RegI sign = reg_set(static_cast<int32_t>(flip));
  unit[0] = reg_xor(reg_unpack_low_16(low_ab, low_cd), sign);
  unit[1] = reg_xor(reg_unpack_high_16(low_ab, low_cd), sign);
  unit[2] = reg_xor(reg_unpack_low_16(high_ab, high_cd), sign);
  unit[3] = reg_xor(reg_unpack_high_16(high_ab, high_cd), sign);
}

// Sums of a unit's columns, in the order of the columns. Sixteen lanes are kRegs registers, so a unit of four registers
// is 4 / kRegs of them, or a part of one.
GROK1_INLINE void in_order(RegI* sums) {
  reg_transpose_lanes(sums);
}
GROK1_INLINE void in_order(RegF* sums) {
  RegI lanes[4];
  for (int i = 0; i < 4; ++i) lanes[i] = reg_bits(sums[i]);
  reg_transpose_lanes(lanes);
  for (int i = 0; i < 4; ++i) sums[i] = reg_float_of_bits(lanes[i]);
}

// Columns [0, lanes) of a row, the rest 0: nothing behind them is read.
GROK1_INLINE RegI load_unit(const int8_t* row, uint32_t columns) {
  if (columns >= kUnit) return reg_load_bytes(row);
  int8_t copy[kUnit] = {};
  memcpy(copy, row, columns);
  return reg_load_bytes(copy);
}

}  // namespace grok1::cpu::GROK1_ISA

#endif
