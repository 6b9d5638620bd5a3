#include "core/convert/rows.h"

#include <cmath>
#include <cstring>

#include "core/base/encoding.h"
#include "core/base/failure.h"
#include "encodings/encode/encode.h"

namespace grok1 {
namespace {

using encodings::Id;

// What is written for a matrix, row behind row.
struct Output {
  uint32_t encoding;
  EncodingShape block;
  uint64_t row_bytes;
  std::byte* first;

  std::byte* at(uint64_t row, uint64_t k) const { return first + row * row_bytes + k / block.elements * block.bytes; }
};

[[noreturn]] void fail_not_finite(const RowJob& job, uint64_t row) {
  fail(GROK1_E_BAD_FILE, "{}: expert {}, row {}: finite numbers wanted for {}, found one that is not",
       job.tensor.matrix.tensor->name, job.band.expert, job.band.n_begin + row, encoding_name(job.tensor.encoding));
}

bool all_finite(const float* x, uint64_t n) {
  constexpr uint32_t kSpecial = 0x7f800000;
  uint32_t special = 0;
  for (uint64_t i = 0; i < n; ++i) special |= (encodings::bits_of(x[i]) & kSpecial) == kSpecial ? 1u : 0u;
  return special == 0;
}

void store_plain(uint32_t encoding, const float* x, uint64_t n, std::byte* out) {
  for (uint64_t i = 0; i < n; ++i) {
    if (encoding == GROK1_ENCODING_F32) {
      std::memcpy(out + 4 * i, x + i, 4);
      continue;
    }
    const uint16_t bits =
        encoding == GROK1_ENCODING_F16 ? encodings::float_to_half(x[i]) : encodings::float_to_bf16(x[i]);
    std::memcpy(out + 2 * i, &bits, 2);
  }
}

// Encodes n numbers of a row from number k on and adds what was lost.
void encode_numbers(const RowJob& job, const Output& output, uint64_t row, uint64_t k, const float* x, uint64_t n,
                    float* y, std::byte* to, Errors& errors) {
  if (output.block.elements == 1) {
    store_plain(output.encoding, x, n, to);
  } else {
    if (!all_finite(x, n)) fail_not_finite(job, row);
    const float* importance = job.importance == nullptr ? nullptr : job.importance + k;
    encodings::encode(Id(output.encoding), x, importance, n / output.block.elements, to);
  }
  encodings::decode(Id(output.encoding), to, n / output.block.elements, y);
  errors.compare(x, y, n, output.block.elements);
}

void encode_tile(const RowJob& job, const Output& output, const Tile& tile, TileMemory& memory, Errors& errors) {
  read_numbers(job.source, tile, memory);
  for (uint64_t i = 0; i < tile.rows(); ++i)
    encode_numbers(job, output, tile.row_begin + i, tile.k_begin, memory.x[i], tile.size(), memory.y,
                   output.at(i, tile.k_begin), errors);
}

// Same encoding, [K, N] turned over; its blocks are single numbers.
void turn_tile(const RowJob& job, const Output& output, const Tile& tile, TileMemory& memory, Errors& errors) {
  turn_stored(job.source, tile, memory);
  for (uint64_t i = 0; i < tile.rows(); ++i)
    std::memcpy(output.at(i, tile.k_begin), memory.stored + i * kTileK * output.block.bytes,
                tile.size() * output.block.bytes);
  errors.blocks += tile.rows() * tile.size();
}

// Scales of the blocks of one row of int8, one block after the other. A group has thousands of numbers as a rule: what
// is known of one is kept until a block goes beyond it.
class BlockScales {
 public:
  BlockScales(const BandSource& source, uint64_t row)
      : source_(source), row_(row), group_size_(source.matrix.k / source.matrix.tensor->scale_groups()) {}

  // Whether the block at number k has one scale that f16 holds as it is.
  bool is_exact(uint64_t k) {
    const uint64_t end = k + encodings::Q8_0::kBlock;
    if (end <= known_end_) return exact_;
    const uint64_t first = k / group_size_, last = (end - 1) / group_size_;
    const float scale = source_.scale(first, row_);
    half_ = encodings::float_to_half(scale);
    exact_ = std::isfinite(scale) && encodings::half_to_float(half_) == scale;
    for (uint64_t group = first + 1; group <= last; ++group) exact_ &= source_.scale(group, row_) == scale;
    known_end_ = first == last ? (first + 1) * group_size_ : 0;
    return exact_;
  }
  uint16_t half() const { return half_; }

 private:
  const BandSource& source_;
  uint64_t row_, group_size_;
  uint64_t known_end_ = 0;  // of the group that the next two are of; 0: of none
  uint16_t half_ = 0;
  bool exact_ = false;
};

void take_int8_row(const RowJob& job, const Output& output, const Tile& tile, uint64_t i, TileMemory& memory,
                   Errors& errors) {
  using encodings::Q8_0;
  const std::byte* digits = memory.stored + i * kTileK;
  std::byte* to = output.at(i, tile.k_begin);
  BlockScales scales(job.source, tile.row_begin + i);
  for (uint64_t k = tile.k_begin; k < tile.k_end; k += Q8_0::kBlock, digits += Q8_0::kBlock, to += Q8_0::kBytes) {
    if (scales.is_exact(k)) {
      const uint16_t half = scales.half();
      std::memcpy(to, &half, sizeof half);
      std::memcpy(to + sizeof half, digits, Q8_0::kBlock);
      ++errors.blocks;
      continue;
    }
    const uint64_t row = tile.row_begin + i;
    scale_int8(job.source, {row, row + 1, k, k + Q8_0::kBlock}, reinterpret_cast<const int8_t*>(digits), memory.x[0]);
    encode_numbers(job, output, row, k, memory.x[0], Q8_0::kBlock, memory.y, to, errors);
  }
}

void take_int8_tile(const RowJob& job, const Output& output, const Tile& tile, TileMemory& memory, Errors& errors) {
  turn_stored(job.source, tile, memory);
  for (uint64_t i = 0; i < tile.rows(); ++i) take_int8_row(job, output, tile, i, memory, errors);
}

// Same encoding in the same order of rows.
Errors copy_rows(const RowJob& job, const Output& output, uint64_t row_begin, uint64_t row_end) {
  const uint64_t rows = row_end - row_begin;
  std::memcpy(output.first, job.source.band.values + row_begin * output.row_bytes, rows * output.row_bytes);
  Errors errors;
  errors.blocks = rows * job.tensor.matrix.k / output.block.elements;
  return errors;
}

}  // namespace

Errors convert_rows(const RowJob& job, uint64_t row_begin, uint64_t row_end, TileMemory& memory, std::byte* out) {
  const Matrix& matrix = job.tensor.matrix;
  const Output output{job.tensor.encoding, encoding_shape(job.tensor.encoding), job.tensor.row_bytes(), out};
  const bool moved = job.tensor.is_moved();
  if (moved && !matrix.is_kn) return copy_rows(job, output, row_begin, row_end);
  const bool int8_to_q8_0 =
      matrix.tensor->values.encoding == GROK1_ENCODING_I8 && output.encoding == GROK1_ENCODING_Q8_0;
  const auto convert_tile = moved ? turn_tile : int8_to_q8_0 ? take_int8_tile : encode_tile;
  Errors errors;
  for (uint64_t k = 0; k < matrix.k; k += kTileK)
    convert_tile(job, output, {row_begin, row_end, k, std::min(matrix.k, k + kTileK)}, memory, errors);
  if (output.encoding == GROK1_ENCODING_F16 && std::isinf(errors.largest)) {
    fail(GROK1_E_BAD_FILE, "{}: numbers below 65520 wanted for f16, found a larger one; bf16 and f32 hold it",
         matrix.tensor->name);
  }
  return errors;
}

}  // namespace grok1
