// How the weights of a tensor come to devices that hold a copy: in pieces of whole rows of its stored matrix. A piece
// is fetched once and given to every member that holds some of it. Where the files have a row in several parts, or cut
// in two, a piece has several runs, which are put together.
#pragma once

#include <functional>
#include <vector>

#include "core/formats/tensor_source.h"
#include "grok1_backend.h"

namespace grok1 {

// Bytes of a file that belong to a piece: a range of columns of all its rows, row behind row, or some of these bytes.
struct Run {
  FileRange range;
  uint64_t first;              // of the bytes of the columns, counted over all rows of the piece
  uint64_t column, row_bytes;  // where the columns begin in a row of the piece, and how long they are; bytes
};

// Rows of all experts are numbered one behind the other: expert * outer + row, outer as in grok1_weight_chunk.
struct Piece {
  bool scales = false;
  uint64_t row_begin = 0, row_end = 0;
  uint64_t row_bytes = 0;
  uint64_t passed = 0;  // bytes of the tensor, scales included, up to the piece's end
  std::vector<Run> runs;

  uint64_t bytes() const { return (row_end - row_begin) * row_bytes; }
};

// The pieces of a tensor that cover `slices` of it, in ascending order, weights before scales. A piece is one row or at
// most `most_bytes`.
std::vector<Piece> cut_into_pieces(const Tensor& tensor, const std::vector<grok1_weight_desc>& slices,
                                   uint64_t most_bytes);

// Copies the bytes of a run to where they belong in the piece's rows.
void place_run(const Run& run, const std::byte* bytes, uint64_t piece_row_bytes, std::byte* piece);

// Calls `take` with the chunks of a slice that lie in the piece, whose rows are at `data`.
void for_each_chunk(const grok1_weight_desc& slice, const Piece& piece, const std::byte* data,
                    const std::function<void(const grok1_weight_chunk&)>& take);

}  // namespace grok1
