// A tile of a band as floats: some of its rows, some of the numbers of each, whichever way and in whatever encoding the
// source has them.
#pragma once

#include <cstdint>

#include "core/convert/band_reader.h"

namespace grok1 {

// Rows and numbers of a tile; every block of every encoding divides the latter.
inline constexpr uint64_t kTileRows = 64, kTileK = 256;

struct Tile {
  uint64_t row_begin, row_end;  // of the band, at most kTileRows
  uint64_t k_begin, k_end;      // k_begin a multiple of kTileK; at most so many

  uint64_t rows() const { return row_end - row_begin; }
  uint64_t size() const { return k_end - k_begin; }
};

// What a thread works in.
struct TileMemory {
  alignas(64) float x[kTileRows][kTileK];  // the source's numbers
  alignas(64) float y[kTileK];             // what a row became
  alignas(64) std::byte stored[kTileRows * kTileK * 4];
};

// A band of a matrix in memory.
struct BandSource {
  const Matrix& matrix;
  uint64_t rows;  // of the band
  LoadedBand band;

  // The scale of int8 in a group of a row.
  float scale(uint64_t group, uint64_t row) const;
};

// Writes the tile's numbers of row r, as they are stored, to memory.stored + r * kTileK * size of a number.
void turn_stored(const BandSource& source, const Tile& tile, TileMemory& memory);

// The numbers of a tile of one row, from its int8; each group has a scale of its own.
void scale_int8(const BandSource& source, const Tile& tile, const int8_t* stored, float* x);

// Writes the numbers of row r to memory.x[r].
void read_numbers(const BandSource& source, const Tile& tile, TileMemory& memory);

}  // namespace grok1
