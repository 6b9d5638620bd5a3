// Matrices in blocks against the floats that they mean: to the bit what the F32 matrix of their numbers gives, per
// encoding and instruction set, for any number of rows and wherever the bytes lie.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <random>
#include <string>

#include "backends/cpu/chunks.h"
#include "encodings/encoding.h"
#include "tests/unit/cpu/levels.h"

namespace grok1::cpu {
namespace {

using encodings::Id;

constexpr Id kEncodings[] = {Id::kQ8_0,  Id::kQ4_0,    Id::kQ4_1,  Id::kQ5_0,   Id::kQ5_1,   Id::kQ2_K,
                             Id::kQ3_K,  Id::kQ4_K,    Id::kQ5_K,  Id::kQ6_K,   Id::kIQ4_NL, Id::kIQ4_XS,
                             Id::kIQ3_S, Id::kIQ3_XXS, Id::kIQ2_S, Id::kIQ2_XS, Id::kIQ2_XXS};

struct Shape {
  const char* name;
  uint32_t elements, bytes;
};
Shape shape_of(Id id) {
  Shape shape{};
  encodings::with_encoding(id, [&](auto e) { shape = {e.kName, uint32_t(e.kBlock), uint32_t(e.kBytes)}; });
  return shape;
}

// Any bytes are blocks. With bit 6 of each clear, every float16 among them is below 2, wherever it lies.
std::vector<char> random_blocks(std::mt19937& random, size_t bytes) {
  std::vector<char> blocks(bytes);
  for (char& byte : blocks) byte = static_cast<char>(random() & 0xbf);
  return blocks;
}

// `n` outputs of `k` inputs, one byte off any alignment, and the floats that they are.
class Dots : public testing::TestWithParam<Id> {
 protected:
  static constexpr uint32_t kOutputs = 7, kRowsMade = 300;
  const Shape shape_ = shape_of(GetParam());
  const uint32_t k_ = 1024 + 2 * shape_.elements;  // more than the kernel decodes at a time
  const uint64_t row_bytes_ = uint64_t{k_} / shape_.elements * shape_.bytes;
  std::mt19937 random_{17};
  std::vector<char> blocks_ = random_blocks(random_, 1 + kOutputs * row_bytes_);
  std::vector<float> floats_ = std::vector<float>(kOutputs * k_), x_ = std::vector<float>(kRowsMade * k_);
  const Chunks chunks_ = cut_into_chunks(0, k_, k_);

  Dots() {
    std::normal_distribution<float> normal;
    for (float& v : x_) v = normal(random_);
    encodings::decode(GetParam(), blocks_.data() + 1, floats_.size() / shape_.elements, floats_.data());
  }

  // Inputs k_begin .. k of the matrix, or of the one of floats.
  Matrix matrix(bool in_blocks, uint32_t k_begin) const {
    Matrix m{};
    m.chunks = chunks_.list.data(), m.n_chunks = static_cast<uint32_t>(chunks_.list.size());
    m.k = k_ - k_begin, m.n = kOutputs, m.nk = true;
    if (in_blocks) {
      m.element = Element::blocks;
      m.blocks = {static_cast<uint32_t>(GetParam()), shape_.elements, shape_.bytes};
      m.data = blocks_.data() + 1 + k_begin / shape_.elements * shape_.bytes, m.row_bytes = row_bytes_;
    } else {
      m.element = Element::f32;
      m.data = reinterpret_cast<const char*>(floats_.data() + k_begin), m.row_bytes = k_ * sizeof(float);
    }
    return m;
  }

  std::vector<float> multiplied(Isa isa, bool in_blocks, uint32_t rows, uint32_t k_begin) const {
    Rows r{};
    r.values = x_.data() + k_begin, r.stride = k_, r.count = rows;
    std::vector<float> y(rows * kOutputs);
    kernels_of(isa).dots(matrix(in_blocks, k_begin), r, 0, kOutputs, 0.5f, y.data(), kOutputs);
    return y;
  }
};

uint64_t different(const std::vector<float>& a, const std::vector<float>& b) {
  uint64_t count = 0;
  for (size_t i = 0; i < a.size(); ++i) count += std::memcmp(&a[i], &b[i], sizeof a[i]) != 0;
  return count;
}

TEST_P(Dots, HaveTheBitsOfTheMatrixOfTheirNumbers) {
  for (const Isa isa : levels())
    for (const uint32_t rows : {1u, 2u, 33u, kRowsMade})
      for (const uint32_t k_begin : {0u, shape_.elements}) {
        const std::vector<float> wanted = multiplied(isa, false, rows, k_begin);
        for (const float y : wanted) ASSERT_TRUE(std::isfinite(y));
        EXPECT_EQ(different(wanted, multiplied(isa, true, rows, k_begin)), 0u)
            << title_of(isa) << ", " << rows << " rows, inputs from " << k_begin;
      }
}

TEST_P(Dots, AreTheSameWhateverRowsAreBeside) {
  for (const Isa isa : levels()) {
    const std::vector<float> one = multiplied(isa, true, 1, 0), many = multiplied(isa, true, kRowsMade, 0);
    EXPECT_EQ(different(one, {many.begin(), many.begin() + kOutputs}), 0u) << title_of(isa);
  }
}

TEST_P(Dots, DecodeIsThatOfEncodings) {
  for (const Isa isa : levels()) {
    std::vector<float> found(floats_.size());
    kernels_of(isa).decode(static_cast<uint32_t>(GetParam()), blocks_.data() + 1, found.size(), found.data());
    EXPECT_EQ(different(floats_, found), 0u) << title_of(isa);
  }
}

INSTANTIATE_TEST_SUITE_P(Encodings, Dots, testing::ValuesIn(kEncodings),
                         [](const testing::TestParamInfo<Id>& id) { return std::string(shape_of(id.param).name); });

}  // namespace
}  // namespace grok1::cpu
