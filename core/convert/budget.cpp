#include "core/convert/budget.h"

#include <algorithm>

#include "core/base/failure.h"
#include "core/convert/band_reader.h"
#include "core/convert/numbers.h"

namespace grok1 {
namespace {

constexpr uint64_t kDefault = uint64_t{2} << 30;
constexpr uint64_t kLeast = uint64_t{16} << 20;
constexpr uint64_t kMostRequest = 8u << 20;  // what disks need to be at their fastest, and no more
constexpr uint64_t kMostBuffer = 64u << 20;

uint64_t checked(uint64_t memory_bytes) {
  if (memory_bytes == 0) return kDefault;
  if (memory_bytes < kLeast) {
    fail(GROK1_E_INVALID_ARGUMENT, "grok1_convert_options.memory_bytes: at least {} wanted, found {}", kLeast,
         memory_bytes);
  }
  return memory_bytes;
}

// Whole tiles, if there is room for one; as even as that allows.
uint64_t even_rows(uint64_t rows, uint64_t most) {
  if (rows <= most) return rows;
  const uint64_t parts = (rows + most - 1) / most, even = (rows + parts - 1) / parts;
  const uint64_t tiles = (even + kTileRows - 1) / kTileRows * kTileRows;
  return tiles <= most ? tiles : most >= kTileRows ? most / kTileRows * kTileRows : most;
}

uint64_t rows_of_band(const PlannedTensor& tensor, const Budget& budget) {
  const Matrix& matrix = tensor.matrix;
  const uint64_t row = std::max<uint64_t>(1, BandReader::band_bytes(matrix, {0, 0, 0, kTileRows}) / kTileRows);
  const uint64_t most = budget.band_bytes / row;
  if (most == 0) {
    fail(GROK1_E_DOES_NOT_FIT, "{}: a row takes {} bytes, and of the memory allowed {} bytes are for rows; allow more",
         matrix.tensor->name, row, budget.band_bytes);
  }
  return even_rows(matrix.n, most);
}

}  // namespace

// Together about three quarters; the rest is for what is small: the headers, the vocabulary, a tile for each thread.
Budget::Budget(uint64_t memory_bytes)
    : request_bytes(std::min(kMostRequest, checked(memory_bytes) / 128)),
      band_bytes(checked(memory_bytes) / 16 * 5),
      buffer_bytes(std::min(kMostBuffer, checked(memory_bytes) / 32)) {}

std::vector<Band> cut_into_bands(const Plan& plan, size_t first, const Budget& budget) {
  std::vector<Band> bands;
  for (size_t i = first; i < plan.tensors.size(); ++i) {
    const PlannedTensor& tensor = plan.tensors[i];
    const uint64_t rows = rows_of_band(tensor, budget);
    rows_of_buffer(tensor, budget);
    for (uint32_t expert = 0; expert < tensor.matrix.experts; ++expert) {
      for (uint64_t n = 0; n < tensor.matrix.n; n += rows)
        bands.push_back({i, expert, n, std::min(tensor.matrix.n, n + rows)});
    }
  }
  return bands;
}

uint64_t rows_of_buffer(const PlannedTensor& tensor, const Budget& budget) {
  const uint64_t rows = budget.buffer_bytes / tensor.row_bytes();
  if (rows == 0) {
    fail(GROK1_E_DOES_NOT_FIT,
         "{}: a row takes {} bytes when it is written, and of the memory allowed {} bytes are for that; allow more",
         tensor.name, tensor.row_bytes(), budget.buffer_bytes);
  }
  return rows < kTileRows ? rows : rows / kTileRows * kTileRows;
}

}  // namespace grok1
