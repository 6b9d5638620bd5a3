// Tensors cut into pieces, and pieces into the chunks of slices: however the files have a tensor and whatever the
// slices and sizes, every element comes to every member that holds it, once, from where it lies, and nothing else does.
#include "core/model/weight_pieces.h"

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <numeric>
#include <random>

#include "core/base/encoding.h"
#include "core/base/failure.h"
#include "core/model/weight_slices.h"
#include "tests/unit/formats/temporary_folder.h"

namespace grok1 {
namespace {

using Bytes = std::vector<std::byte>;

Bytes random_bytes(uint64_t size, uint32_t seed) {
  std::mt19937 random(seed);
  Bytes bytes(size);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
  return bytes;
}

// An array as it is meant, and files that have it in parts.
class Stored {
 public:
  Stored(uint32_t encoding, std::vector<uint64_t> shape, uint32_t seed) {
    array.encoding = encoding;
    array.rank = static_cast<uint32_t>(shape.size());
    std::copy(shape.begin(), shape.end(), array.shape.begin());
    meant = random_bytes(array.bytes(), seed);
  }

  // Bytes behind 100 others in a file, which is cut at `cuts`.
  const JoinedFile& write(const Bytes& bytes, std::vector<uint64_t> cuts = {}) {
    Bytes all = random_bytes(100, 99);
    all.insert(all.end(), bytes.begin(), bytes.end());
    cuts.push_back(all.size());
    std::vector<std::string> paths;
    uint64_t begin = 0;
    for (const uint64_t end : cuts) {
      const std::string_view piece(reinterpret_cast<const char*>(all.data()) + begin, end - begin);
      paths.push_back(folder_.write(std::to_string(n_files_++) + ".bin", piece));
      begin = end;
    }
    return *files_.emplace_back(std::make_unique<JoinedFile>(paths));
  }

  // Adds the box as a part in a file of its own, with `gap` bytes behind each expert.
  void add_part(uint32_t expert_begin, uint32_t expert_end, uint64_t outer_begin, uint64_t outer_end,
                uint64_t inner_begin, uint64_t inner_end, uint64_t gap = 0, std::vector<uint64_t> cuts = {}) {
    Bytes bytes;
    const uint64_t column = encoded_bytes(array.encoding, inner_begin),
                   size = encoded_bytes(array.encoding, inner_end - inner_begin);
    for (uint64_t e = expert_begin; e < expert_end; ++e) {
      for (uint64_t o = outer_begin; o < outer_end; ++o) {
        const std::byte* row = meant.data() + (e * array.outer() + o) * array.row_bytes() + column;
        bytes.insert(bytes.end(), row, row + size);
      }
      bytes.resize(bytes.size() + gap);
    }
    array.parts.push_back({&write(bytes, std::move(cuts)), "part", 100, (outer_end - outer_begin) * size + gap,
                           expert_begin, expert_end, outer_begin, outer_end, inner_begin, inner_end});
  }

  StoredArray array;
  Bytes meant;

 private:
  test::TemporaryFolder folder_;
  std::vector<std::unique_ptr<JoinedFile>> files_;
  int n_files_ = 0;
};

// A tensor of experts [3, 24, 10], int8 with 4 groups of bf16 scales, or without.
struct Experts {
  Stored values{GROK1_ENCODING_I8, {3, 24, 10}, 1}, scales{GROK1_ENCODING_BF16, {3, 4, 10}, 2};

  Tensor tensor(bool has_scales = false) const {
    Tensor made;
    made.role = TensorRole::kGate;
    made.values = values.array;
    if (has_scales) made.scales = scales.array;
    require_complete(made.values, "values");
    if (has_scales) require_complete(made.scales, "scales");
    return made;
  }
};

struct WholeExperts : Experts {
  WholeExperts() {
    values.add_part(0, 3, 0, 24, 0, 10);
    scales.add_part(0, 3, 0, 4, 0, 10);
  }
};

Bytes rows_of(const Piece& piece) {
  Bytes rows(piece.bytes());
  for (const Run& run : piece.runs)
    place_run(run, run.range.file->bytes().data() + run.range.offset, piece.row_bytes, rows.data());
  return rows;
}

// Every byte of the slice comes once and is what is meant; nothing else comes.
void expect_exact(const StoredArray& array, const Bytes& meant, const std::vector<Piece>& pieces,
                  const grok1_weight_desc& slice, bool scales) {
  std::vector<int> count(meant.size());
  const bool nk = slice.order == GROK1_ORDER_NK;
  const uint64_t begin = nk ? slice.k_begin : slice.n_begin, end = nk ? slice.k_end : slice.n_end;
  const uint64_t column = encoded_bytes(array.encoding, begin), size = encoded_bytes(array.encoding, end - begin);
  for (const Piece& piece : pieces) {
    const Bytes rows = rows_of(piece);
    for_each_chunk(slice, piece, rows.data(), [&](const grok1_weight_chunk& chunk) {
      EXPECT_EQ(chunk.scales, piece.scales ? 1u : 0u);
      if (piece.scales != scales) return;
      for (uint64_t row = chunk.outer_begin; row < chunk.outer_end; ++row) {
        const auto* data = static_cast<const std::byte*>(chunk.data) + (row - chunk.outer_begin) * chunk.row_bytes;
        const uint64_t at = (chunk.expert * array.outer() + row) * array.row_bytes() + column;
        EXPECT_EQ(std::memcmp(data, meant.data() + at, size), 0) << "expert " << chunk.expert << " row " << row;
        for (uint64_t i = 0; i < size; ++i) ++count.at(at + i);
      }
    });
  }
  EXPECT_LE(*std::max_element(count.begin(), count.end()), 1);
  const uint64_t outer =
      !scales ? (nk ? slice.n_end - slice.n_begin : slice.k_end - slice.k_begin)
              : (slice.k_end - 1) / (slice.k / slice.groups) - slice.k_begin / (slice.k / slice.groups) + 1;
  EXPECT_EQ(static_cast<uint64_t>(std::accumulate(count.begin(), count.end(), 0)),
            (slice.expert_end - slice.expert_begin) * outer * size)
      << "scales: " << scales;
}

void expect_exact(const Experts& experts, bool has_scales, uint64_t most,
                  const std::vector<grok1_weight_desc>& slices) {
  const Tensor tensor = experts.tensor(has_scales);
  const std::vector<Piece> pieces = cut_into_pieces(tensor, slices, most);
  for (const grok1_weight_desc& slice : slices) {
    expect_exact(tensor.values, experts.values.meant, pieces, slice, false);
    if (has_scales) expect_exact(tensor.scales, experts.scales.meant, pieces, slice, true);
  }
}

std::vector<grok1_weight_desc> some_slices(const Tensor& tensor) {
  grok1_weight_desc rows = describe_tensor(tensor), columns = rows, some = rows;
  rows.k_begin = 7, rows.k_end = 20;
  columns.n_begin = 3, columns.n_end = 8;
  some.expert_begin = 1, some.expert_end = 2, some.k_end = 5, some.n_begin = 9;
  return {rows, columns, some};
}

uint64_t sum_of_bytes(const std::vector<Piece>& pieces) {
  uint64_t sum = 0;
  for (const Piece& piece : pieces)
    for (const Run& run : piece.runs) sum += run.range.size;
  return sum;
}

TEST(WeightPieces, CoverTheWholeInOrder) {
  const WholeExperts experts;
  const Tensor tensor = experts.tensor(true);
  for (const uint64_t most : {1u, 10u, 35u, 100u, 10000u}) {
    const std::vector<Piece> pieces = cut_into_pieces(tensor, {describe_tensor(tensor)}, most);
    uint64_t passed = 0;
    for (const Piece& piece : pieces) {
      EXPECT_EQ(piece.runs.size(), 1u);
      EXPECT_EQ(piece.runs.front().range.offset, 100 + (passed < 720 ? passed : passed - 720));
      passed += piece.bytes();
      EXPECT_EQ(piece.passed, passed);
      EXPECT_LE(piece.bytes(), std::max<uint64_t>(most, piece.scales ? 20 : 10));
    }
    EXPECT_EQ(passed, tensor.bytes());
    expect_exact(experts, true, most, {describe_tensor(tensor)});
  }
  EXPECT_EQ(cut_into_pieces(tensor, {describe_tensor(tensor)}, 10000).size(), 2u) << "experts do not end a piece";
}

TEST(WeightPieces, BringEachMemberItsSlice) {
  const WholeExperts experts;
  const Tensor tensor = experts.tensor(true);
  for (const uint64_t most : {1u, 45u, 10000u}) {
    EXPECT_EQ(sum_of_bytes(cut_into_pieces(tensor, some_slices(tensor), most)), tensor.bytes())
        << "each byte is fetched once";
    expect_exact(experts, true, most, some_slices(tensor));
  }
}

TEST(WeightPieces, FetchNothingThatNobodyHolds) {
  const WholeExperts experts;
  const Tensor tensor = experts.tensor(true);
  grok1_weight_desc first = describe_tensor(tensor), last = first;
  first.expert_end = 1, first.k_end = 6;
  last.expert_begin = 2, last.k_begin = 18;
  EXPECT_EQ(sum_of_bytes(cut_into_pieces(tensor, {first, last}, 10000)), 2u * 6 * 10 + 2 * 10 * 2);
  expect_exact(experts, true, 10000, {first, last});
  EXPECT_TRUE(cut_into_pieces(tensor, {}, 10000).empty());
}

TEST(WeightPieces, TakeTheEmbeddingByItsRows) {
  Stored stored(GROK1_ENCODING_F32, {50, 8}, 3);
  stored.add_part(0, 1, 0, 50, 0, 8);
  Tensor tensor;
  tensor.role = TensorRole::kEmbedding;
  tensor.values = stored.array;
  grok1_weight_desc slice = describe_tensor(tensor);
  ASSERT_EQ(slice.order, uint32_t{GROK1_ORDER_NK});
  slice.n_begin = 11, slice.n_end = 40;
  const std::vector<Piece> pieces = cut_into_pieces(tensor, {slice}, 100);
  EXPECT_EQ(sum_of_bytes(pieces), 29u * 32);
  expect_exact(tensor.values, stored.meant, pieces, slice, false);
}

// However the files have it, the same bytes arrive.
struct Layout {
  const char* name;
  bool in_place;
  void (*store)(Stored& values);
};

class WeightParts : public testing::TestWithParam<Layout> {};

TEST_P(WeightParts, ArePutTogether) {
  Experts experts;
  GetParam().store(experts.values);
  const Tensor tensor = experts.tensor();
  EXPECT_EQ(tensor.values.contiguous() != nullptr, GetParam().in_place);
  for (const uint64_t most : {1u, 45u, 10000u}) {
    SCOPED_TRACE(most);
    const std::vector<Piece> pieces = cut_into_pieces(tensor, {describe_tensor(tensor)}, most);
    EXPECT_EQ(sum_of_bytes(pieces), tensor.bytes()) << "each byte is fetched once";
    expect_exact(experts, false, most, {describe_tensor(tensor)});
    expect_exact(experts, false, most, some_slices(tensor));
  }
}

INSTANTIATE_TEST_SUITE_P(Layouts, WeightParts,
                         testing::Values(Layout{"Whole", true, [](Stored& s) { s.add_part(0, 3, 0, 24, 0, 10); }},
                                         Layout{"GapsBetweenExperts", false,
                                                [](Stored& s) { s.add_part(0, 3, 0, 24, 0, 10, 17); }},
                                         Layout{"ExpertsApartInAnyOrder", false,
                                                [](Stored& s) {
                                                  s.add_part(2, 3, 0, 24, 0, 10);
                                                  s.add_part(0, 1, 0, 24, 0, 10);
                                                  s.add_part(1, 2, 0, 24, 0, 10);
                                                }},
                                         Layout{"RowsDivided", false,
                                                [](Stored& s) {
                                                  s.add_part(0, 3, 9, 24, 0, 10);
                                                  s.add_part(0, 3, 0, 9, 0, 10);
                                                }},
                                         Layout{"ColumnsDivided", false,
                                                [](Stored& s) {
                                                  s.add_part(0, 3, 0, 24, 4, 10);
                                                  s.add_part(0, 3, 0, 24, 0, 1);
                                                  s.add_part(0, 3, 0, 24, 1, 4, 5);
                                                }},
                                         Layout{"BothDivided", false,
                                                [](Stored& s) {
                                                  s.add_part(0, 2, 0, 24, 0, 6);
                                                  s.add_part(0, 1, 0, 24, 6, 10);
                                                  s.add_part(1, 3, 0, 24, 6, 10, 0, {108, 151});
                                                  s.add_part(2, 3, 0, 12, 0, 6);
                                                  s.add_part(2, 3, 12, 24, 0, 6);
                                                }},
                                         Layout{"CutAnywhere", false,
                                                [](Stored& s) {
                                                  s.add_part(0, 3, 0, 24, 0, 10, 0, {31, 100, 101, 237, 238, 500});
                                                }},
                                         Layout{"CutBeforeIt", true,
                                                [](Stored& s) {
                                                  s.add_part(0, 3, 0, 24, 0, 10, 0, {50, 100});
                                                }}),
                         [](const auto& layout) { return layout.param.name; });

TEST(WeightParts, RefuseHolesAndOverlaps) {
  const auto fault = [](auto store) {
    Stored stored(GROK1_ENCODING_I8, {3, 24, 10}, 4);
    store(stored);
    try {
      require_complete(stored.array, "gate");
    } catch (const Failure& failure) {
      EXPECT_EQ(failure.status(), GROK1_E_BAD_FILE);
      return failure.message();
    }
    return std::string("accepted");
  };
  EXPECT_NE(fault([](Stored& s) { s.add_part(0, 3, 0, 23, 0, 10); }).find("720 numbers wanted, found 690"),
            std::string::npos);
  EXPECT_NE(fault([](Stored& s) {
              s.add_part(0, 3, 0, 24, 0, 10);
              s.add_part(1, 2, 3, 4, 5, 6);
            }).find("has too"),
            std::string::npos);
  EXPECT_NE(fault([](Stored& s) {
              s.add_part(0, 3, 0, 24, 0, 10);
              s.array.parts.back().outer_end = 25;
            }).find("does not lie inside"),
            std::string::npos);
}

}  // namespace
}  // namespace grok1
