#include "core/model/weight_pieces.h"

#include <algorithm>

#include "core/base/encoding.h"

namespace grok1 {
namespace {

// The rectangle of a slice in a tensor's matrix of weights or of scales.
struct Rectangle {
  uint64_t outer, inner;  // of the whole matrix, in elements
  uint64_t outer_begin, outer_end, inner_begin;
  uint64_t element_bytes;

  uint64_t row_bytes() const { return inner * element_bytes; }
};

Rectangle weights_of(const grok1_weight_desc& d) {
  const uint64_t bytes = encoding_bytes(d.encoding);
  if (d.order == GROK1_ORDER_KN) return {d.k, d.n, d.k_begin, d.k_end, d.n_begin, bytes};
  return {d.n, d.k, d.n_begin, d.n_end, d.k_begin, bytes};
}

// The groups that the slice touches.
Rectangle scales_of(const grok1_weight_desc& d) {
  const uint64_t group = d.k / d.groups;
  return {d.groups, d.n, d.k_begin / group, (d.k_end - 1) / group + 1, d.n_begin, encoding_bytes(d.scale_encoding)};
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

void add_pieces(std::vector<Piece>& pieces, const Tensor& tensor, const std::vector<grok1_weight_desc>& slices,
                bool scales, uint64_t most_bytes) {
  const uint64_t row_bytes = rectangle_of(slices.front(), scales).row_bytes();
  const uint64_t first = scales ? tensor.scale_offset : tensor.offset, before = scales ? tensor.bytes : 0;
  const uint64_t most_rows = std::max<uint64_t>(1, most_bytes / row_bytes);
  for (const Rows& rows : rows_of(slices, scales)) {
    for (uint64_t begin = rows.begin; begin < rows.end; begin += most_rows) {
      const uint64_t end = std::min(rows.end, begin + most_rows);
      pieces.push_back(
          {scales, begin, end, first + begin * row_bytes, (end - begin) * row_bytes, before + end * row_bytes});
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
    chunk.data = data + (row_begin - piece.row_begin) * part.row_bytes() + part.inner_begin * part.element_bytes;
    chunk.outer_begin = row_begin - expert_row;
    chunk.outer_end = row_end - expert_row;
    chunk.row_bytes = part.row_bytes();
    chunk.expert = static_cast<uint32_t>(expert);
    chunk.scales = piece.scales ? 1 : 0;
    take(chunk);
  }
}

}  // namespace grok1
