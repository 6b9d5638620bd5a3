// How the weights of a tensor come to devices that hold a copy: in pieces of whole rows of its stored matrix, which is
// the order of the file. A piece is fetched once and given to every member that holds some of it.
#pragma once

#include <functional>
#include <vector>

#include "core/formats/tensor_source.h"
#include "grok1_backend.h"

namespace grok1 {

// Rows of all experts are numbered one behind the other: expert * outer + row, outer as in grok1_weight_chunk.
struct Piece {
  bool scales = false;
  uint64_t row_begin = 0, row_end = 0;
  uint64_t offset = 0, bytes = 0;  // in the tensor's file
  uint64_t passed = 0;             // bytes of the tensor, scales included, up to the piece's end
};

// The pieces of a tensor that cover `slices` of it, in ascending order, weights before scales. A piece is one row or at
// most `most_bytes`.
std::vector<Piece> cut_into_pieces(const Tensor& tensor, const std::vector<grok1_weight_desc>& slices,
                                   uint64_t most_bytes);

// Calls `take` with the chunks of a slice that lie in the piece, whose bytes are at `data`.
void for_each_chunk(const grok1_weight_desc& slice, const Piece& piece, const std::byte* data,
                    const std::function<void(const grok1_weight_chunk&)>& take);

}  // namespace grok1
