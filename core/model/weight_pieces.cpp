#include "core/model/weight_pieces.h"

#include <algorithm>
#include <cstring>

#include "core/base/encoding.h"

namespace grok1 {
namespace {

// The rectangle of a slice in a tensor's matrix of weights or of scales.
struct Rectangle {
  uint64_t outer, inner;  // of the whole matrix, in elements
  uint64_t outer_begin, outer_end, inner_begin;
  uint32_t encoding;

  uint64_t row_bytes() const { return encoded_bytes(encoding, inner); }
  uint64_t first_byte() const { return encoded_bytes(encoding, inner_begin); }  // of a row of the slice
};

Rectangle weights_of(const grok1_weight_desc& d) {
  if (d.order == GROK1_ORDER_KN) return {d.k, d.n, d.k_begin, d.k_end, d.n_begin, d.encoding};
  return {d.n, d.k, d.n_begin, d.n_end, d.k_begin, d.encoding};
}

// The groups that the slice touches.
Rectangle scales_of(const grok1_weight_desc& d) {
  const uint64_t group = d.k / d.groups;
  return {d.groups, d.n, d.k_begin / group, (d.k_end - 1) / group + 1, d.n_begin, d.scale_encoding};
}

Rectangle rectangle_of(const grok1_weight_desc& d, bool scales) {
  return scales ? scales_of(d) : weights_of(d);
}

struct Rows {
  uint64_t begin, end;
};

// The rows that the slices touch: of an expert all from the first to the last, and what follows without a gap as one.
std::vector<Rows> rows_of(const std::vector<grok1_weight_desc>& slices, bool scales) {
  std::vector<Rows> all;
  for (uint32_t expert = 0; expert < slices.front().experts; ++expert) {
    Rows rows{UINT64_MAX, 0};
    for (const grok1_weight_desc& slice : slices) {
      if (expert < slice.expert_begin || expert >= slice.expert_end) continue;
      const Rectangle part = rectangle_of(slice, scales);
      rows.begin = std::min(rows.begin, expert * part.outer + part.outer_begin);
      rows.end = std::max(rows.end, expert * part.outer + part.outer_end);
    }
    if (rows.begin >= rows.end) continue;
    if (!all.empty() && all.back().end == rows.begin) {
      all.back().end = rows.end;
    } else {
      all.push_back(rows);
    }
  }
  return all;
}

// The parts of an array that have some of a row, from left to right.
std::vector<const TensorPart*> parts_of_row(const StoredArray& array, uint64_t row) {
  const uint64_t expert = row / array.outer(), outer = row % array.outer();
  std::vector<const TensorPart*> found;
  for (const TensorPart& part : array.parts) {
    if (expert >= part.expert_begin && expert < part.expert_end && outer >= part.outer_begin && outer < part.outer_end)
      found.push_back(&part);
  }
  std::sort(found.begin(), found.end(),
            [](const TensorPart* a, const TensorPart* b) { return a->inner_begin < b->inner_begin; });
  return found;
}

uint64_t row_bytes_of(const StoredArray& array, const TensorPart& part) {
  return encoded_bytes(array.encoding, part.inner_end - part.inner_begin);
}

// Behind the last row that lies in the part's file right behind `row` and those before it.
uint64_t end_of_run(const StoredArray& array, const TensorPart& part, uint64_t row) {
  const uint64_t outer = array.outer(), in_part = part.outer_end - part.outer_begin;
  const bool no_gaps = in_part == outer && part.expert_stride == outer * row_bytes_of(array, part);
  const uint64_t last_expert = no_gaps ? part.expert_end - 1 : row / outer;
  return last_expert * outer + part.outer_end;
}

std::vector<Run> runs_of(const StoredArray& array, const std::vector<const TensorPart*>& parts, uint64_t row_begin,
                         uint64_t row_end) {
  std::vector<Run> runs;
  for (const TensorPart* part : parts) {
    const uint64_t expert = row_begin / array.outer(), outer = row_begin % array.outer();
    const uint64_t row_bytes = row_bytes_of(array, *part);
    const uint64_t offset =
        part->offset + (expert - part->expert_begin) * part->expert_stride + (outer - part->outer_begin) * row_bytes;
    uint64_t first = 0;
    for (const FileRange& range : part->file->ranges(offset, (row_end - row_begin) * row_bytes)) {
      runs.push_back({range, first, encoded_bytes(array.encoding, part->inner_begin), row_bytes});
      first += range.size;
    }
  }
  return runs;
}

void add_pieces(std::vector<Piece>& pieces, const Tensor& tensor, const std::vector<grok1_weight_desc>& slices,
                bool scales, uint64_t most_bytes) {
  const StoredArray& array = scales ? tensor.scales : tensor.values;
  const uint64_t row_bytes = array.row_bytes(), before = scales ? tensor.values.bytes() : 0;
  const uint64_t most_rows = std::max<uint64_t>(1, most_bytes / row_bytes);
  for (const Rows& rows : rows_of(slices, scales)) {
    for (uint64_t begin = rows.begin, end; begin < rows.end; begin = end) {
      const std::vector<const TensorPart*> parts = parts_of_row(array, begin);
      end = std::min(rows.end, begin + most_rows);
      for (const TensorPart* part : parts) end = std::min(end, end_of_run(array, *part, begin));
      pieces.push_back({scales, begin, end, row_bytes, before + end * row_bytes, runs_of(array, parts, begin, end)});
    }
  }
}

}  // namespace

std::vector<Piece> cut_into_pieces(const Tensor& tensor, const std::vector<grok1_weight_desc>& slices,
                                   uint64_t most_bytes) {
  std::vector<Piece> pieces;
  if (slices.empty()) return pieces;
  add_pieces(pieces, tensor, slices, false, most_bytes);
  if (slices.front().groups != 0) add_pieces(pieces, tensor, slices, true, most_bytes);
  return pieces;
}

void place_run(const Run& run, const std::byte* bytes, uint64_t piece_row_bytes, std::byte* piece) {
  for (uint64_t done = 0; done < run.range.size;) {
    const uint64_t row = (run.first + done) / run.row_bytes, at = (run.first + done) % run.row_bytes;
    const uint64_t size = std::min(run.row_bytes - at, run.range.size - done);
    std::memcpy(piece + row * piece_row_bytes + run.column + at, bytes + done, size);
    done += size;
  }
}

void for_each_chunk(const grok1_weight_desc& slice, const Piece& piece, const std::byte* data,
                    const std::function<void(const grok1_weight_chunk&)>& take) {
  const Rectangle part = rectangle_of(slice, piece.scales);
  const uint64_t first = std::max<uint64_t>(slice.expert_begin, piece.row_begin / part.outer);
  const uint64_t end = std::min<uint64_t>(slice.expert_end, (piece.row_end - 1) / part.outer + 1);
  for (uint64_t expert = first; expert < end; ++expert) {
    const uint64_t expert_row = expert * part.outer;
    const uint64_t row_begin = std::max(piece.row_begin, expert_row + part.outer_begin);
    const uint64_t row_end = std::min(piece.row_end, expert_row + part.outer_end);
    if (row_begin >= row_end) continue;
    grok1_weight_chunk chunk = GROK1_INIT(grok1_weight_chunk);
    chunk.data = data + (row_begin - piece.row_begin) * part.row_bytes() + part.first_byte();
    chunk.outer_begin = row_begin - expert_row;
    chunk.outer_end = row_end - expert_row;
    chunk.row_bytes = part.row_bytes();
    chunk.expert = static_cast<uint32_t>(expert);
    chunk.scales = piece.scales ? 1 : 0;
    take(chunk);
  }
}

}  // namespace grok1
