// Tensors cut into pieces, and pieces into the chunks of slices: whatever the slices and sizes, every element comes to
// every member that holds it, once, and nothing else does.
#include "core/model/weight_pieces.h"

#include <gtest/gtest.h>

#include <cstring>
#include <numeric>

#include "core/base/encoding.h"
#include "core/model/weight_slices.h"

namespace grok1 {
namespace {

constexpr uint64_t kOffset = 100, kScaleOffset = 100000;

// A tensor of experts [3, 24, 10], int8 with 4 groups of bf16 scales.
Tensor experts() {
  Tensor tensor;
  tensor.role = TensorRole::kGate;
  tensor.encoding = GROK1_ENCODING_I8;
  tensor.rank = 3;
  tensor.shape = {3, 24, 10};
  tensor.offset = kOffset;
  tensor.bytes = 720;
  tensor.scale_encoding = GROK1_ENCODING_BF16;
  tensor.scale_groups = 4;
  tensor.scale_offset = kScaleOffset;
  tensor.scale_bytes = 3 * 4 * 10 * 2;
  return tensor;
}

grok1_weight_desc whole(const Tensor& tensor) {
  grok1_weight_desc desc = GROK1_INIT(grok1_weight_desc);
  desc.kind = GROK1_WEIGHT_LINEAR;
  desc.encoding = tensor.encoding;
  desc.order = tensor.role == TensorRole::kEmbedding ? GROK1_ORDER_NK : GROK1_ORDER_KN;
  desc.experts = tensor.rank == 3 ? static_cast<uint32_t>(tensor.shape[0]) : 1;
  desc.expert_end = desc.experts;
  desc.k = tensor.shape[tensor.rank - 2];
  desc.n = tensor.shape[tensor.rank - 1];
  if (desc.order == GROK1_ORDER_NK) std::swap(desc.k, desc.n);
  desc.k_end = desc.k;
  desc.n_end = desc.n;
  desc.scale_encoding = tensor.scale_encoding;
  desc.groups = tensor.scale_groups;
  return desc;
}

// How often each byte of the tensor's weights, or scales, came to a slice: [bytes of the whole].
std::vector<int> arrivals(const Tensor& tensor, const std::vector<Piece>& pieces, const grok1_weight_desc& slice,
                          bool scales) {
  std::vector<std::byte> file(kScaleOffset + tensor.scale_bytes + tensor.bytes);
  std::vector<int> count(scales ? tensor.scale_bytes : tensor.bytes);
  const uint64_t begin = scales ? tensor.scale_offset : tensor.offset;
  const bool nk = slice.order == GROK1_ORDER_NK;
  const uint64_t outer = scales ? slice.groups : nk ? slice.n : slice.k;
  const uint64_t bytes = encoding_bytes(scales ? slice.scale_encoding : slice.encoding);
  const uint64_t inner = ((nk ? slice.k_end - slice.k_begin : slice.n_end - slice.n_begin)) * bytes;
  for (const Piece& piece : pieces) {
    for_each_chunk(slice, piece, file.data() + piece.offset, [&](const grok1_weight_chunk& chunk) {
      EXPECT_EQ(chunk.scales, piece.scales ? 1u : 0u);
      if (piece.scales != scales) return;
      for (uint64_t row = chunk.outer_begin; row < chunk.outer_end; ++row) {
        const auto* at = static_cast<const std::byte*>(chunk.data) + (row - chunk.outer_begin) * chunk.row_bytes;
        const auto first = static_cast<uint64_t>(at - file.data()) - begin;
        EXPECT_EQ(first / chunk.row_bytes, chunk.expert * outer + row) << "a row that is not where its number says";
        EXPECT_GE(first, (piece.offset - begin));
        EXPECT_LE(first + inner, piece.offset - begin + piece.bytes);
        for (uint64_t i = 0; i < inner; ++i) ++count.at(first + i);
      }
    });
  }
  return count;
}

void expect_exact(const Tensor& tensor, const std::vector<Piece>& pieces, const grok1_weight_desc& slice) {
  for (const bool scales : {false, true}) {
    if (scales && slice.groups == 0) continue;
    const std::vector<int> count = arrivals(tensor, pieces, slice, scales);
    EXPECT_LE(*std::max_element(count.begin(), count.end()), 1);
    grok1_weight_desc part = slice;
    if (!scales) part.groups = 0;
    const uint64_t bytes = scales ? slice_bytes(slice) - (part.groups = 0, slice_bytes(part)) : slice_bytes(part);
    EXPECT_EQ(static_cast<uint64_t>(std::accumulate(count.begin(), count.end(), 0)), bytes) << "scales: " << scales;
  }
}

uint64_t sum_of_bytes(const std::vector<Piece>& pieces) {
  uint64_t sum = 0;
  for (const Piece& piece : pieces) sum += piece.bytes;
  return sum;
}

TEST(WeightPieces, CoverTheWholeInOrder) {
  const Tensor tensor = experts();
  for (const uint64_t most : {1u, 10u, 35u, 100u, 10000u}) {
    const std::vector<Piece> pieces = cut_into_pieces(tensor, {whole(tensor)}, most);
    uint64_t passed = 0;
    for (const Piece& piece : pieces) {
      EXPECT_EQ(piece.offset, passed < 720 ? kOffset + passed : kScaleOffset + passed - 720);
      passed += piece.bytes;
      EXPECT_EQ(piece.passed, passed);
      EXPECT_LE(piece.bytes, std::max<uint64_t>(most, piece.scales ? 20 : 10));
    }
    EXPECT_EQ(passed, tensor.bytes + tensor.scale_bytes);
    expect_exact(tensor, pieces, whole(tensor));
  }
  EXPECT_EQ(cut_into_pieces(tensor, {whole(tensor)}, 10000).size(), 2u) << "experts do not end a piece";
}

TEST(WeightPieces, BringEachMemberItsSlice) {
  const Tensor tensor = experts();
  grok1_weight_desc rows = whole(tensor), columns = rows, some = rows;
  rows.k_begin = 7, rows.k_end = 20;
  columns.n_begin = 3, columns.n_end = 8;
  some.expert_begin = 1, some.expert_end = 2, some.k_end = 5, some.n_begin = 9;
  for (const uint64_t most : {1u, 45u, 10000u}) {
    const std::vector<Piece> pieces = cut_into_pieces(tensor, {rows, columns, some}, most);
    EXPECT_EQ(sum_of_bytes(pieces), tensor.bytes + tensor.scale_bytes) << "each byte is fetched once";
    for (const grok1_weight_desc& slice : {rows, columns, some}) expect_exact(tensor, pieces, slice);
  }
}

TEST(WeightPieces, FetchNothingThatNobodyHolds) {
  const Tensor tensor = experts();
  grok1_weight_desc first = whole(tensor), last = first;
  first.expert_end = 1, first.k_end = 6;
  last.expert_begin = 2, last.k_begin = 18;
  const std::vector<Piece> pieces = cut_into_pieces(tensor, {first, last}, 10000);
  EXPECT_EQ(sum_of_bytes(pieces), 2u * 6 * 10 + 2 * 10 * 2);
  expect_exact(tensor, pieces, first);
  expect_exact(tensor, pieces, last);
  EXPECT_TRUE(cut_into_pieces(tensor, {}, 10000).empty());
}

TEST(WeightPieces, TakeTheEmbeddingByItsRows) {
  Tensor tensor;
  tensor.role = TensorRole::kEmbedding;
  tensor.encoding = GROK1_ENCODING_F32;
  tensor.rank = 2;
  tensor.shape = {50, 8};
  tensor.offset = kOffset;
  tensor.bytes = 1600;
  grok1_weight_desc slice = whole(tensor);
  slice.n_begin = 11, slice.n_end = 40;
  const std::vector<Piece> pieces = cut_into_pieces(tensor, {slice}, 100);
  EXPECT_EQ(sum_of_bytes(pieces), 29u * 32);
  expect_exact(tensor, pieces, slice);
}

}  // namespace
}  // namespace grok1
