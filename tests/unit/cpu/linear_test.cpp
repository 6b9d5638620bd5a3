// Linear layers against their definition, bit for bit where the processor has fused multiply-add, and against exact
// sums. Shapes lie below, at and above a block, a chunk, a strip and a scale group; slices cut groups.
#include "backends/cpu/linear.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <map>
#include <random>

#include "backends/cpu/chunks.h"
#include "backends/cpu/onednn.h"
#include "tests/unit/cpu/definition.h"
#include "tests/unit/cpu/levels.h"

namespace grok1::cpu {
namespace {

struct Shape {
  uint64_t k, n, groups, k_begin, k_end;
  bool tiled = false;
};
const Shape kShapes[] = {
    {1, 1, 1, 0, 1},
    {43 * 8, 64, 8, 0, 344},
    {255, 65, 1, 0, 255},
    {256, 64, 1, 0, 256},
    {257, 63, 1, 0, 257},
    {2048, 130, 1, 0, 2048},
    {2049, 17, 1, 0, 2049},
    {4352, 100, 1, 0, 4352},
    {6000, 70, 2, 0, 6000},
    {6000, 70, 2, 1001, 5003},
    {8192, 320, 8, 0, 8192},
    {5120, 33, 1, 2000, 5120},
    // Laid out tile by tile, the last tile whole or narrow, the last block whole or short.
    {2048, 512, 1, 0, 2048, true},
    {257, 257, 1, 0, 257, true},
    {4352, 600, 1, 0, 4352, true},
    {8192, 320, 8, 0, 8192, true},
    {6000, 515, 2, 1001, 5003, true},
};

constexpr float kTwoDigits = 32512, kOneDigit = 127;  // the largest

class LinearI8 : public testing::TestWithParam<Shape> {
 protected:
  static constexpr uint32_t kRowsMade = 9;

  LinearI8() {
    std::mt19937 random(7);
    std::normal_distribution<float> normal;
    const Shape& s = GetParam();
    m_ = {s.k, s.n, s.groups, std::vector<int8_t>(s.k * s.n), std::vector<float>(s.groups * s.n)};
    for (int8_t& w : m_.w) w = static_cast<int8_t>(random());
    for (float& scale : m_.scales) scale = std::exp(normal(random)) * 1e-3f;
    for (uint32_t r = 0; r < kRowsMade; ++r) {
      rows_.emplace_back(s.k_end - s.k_begin);
      for (float& x : rows_[r]) x = normal(random) * (random() % 50 == 0 ? 100.0f : 1.0f);  // some loud channels
    }
    // The largest sums there are: all weights -128, all digits at their end.
    for (uint64_t k = 0; k < s.k; ++k) m_.w[k * s.n] = -128;
    std::fill(rows_[1].begin(), rows_[1].end(), -3.0f);
    std::fill(rows_[2].begin(), rows_[2].end(), 0.0f);
    chunks_ = cut_into_chunks(s.k_begin, s.k_end, s.k / s.groups);
    // One byte off any alignment, as a file may map it, and ending where the memory ends.
    bytes_.resize(m_.w.size() + 1);
    std::copy(m_.w.begin(), m_.w.end(), bytes_.begin() + 1);
    if (s.tiled) lay_out_in_tiles();
  }

  // Every weight of the slice to where Matrix::tiled says.
  void lay_out_in_tiles() {
    const Shape& s = GetParam();
    for (const Chunk& chunk : chunks_.list)
      for (uint32_t i = 0; i < chunk.k_size; ++i) {
        const uint64_t block = chunk.k_begin + i / kBlock * kBlock,
                       size = std::min(kBlock, chunk.k_size - i / kBlock * kBlock);
        for (uint64_t n = 0; n < s.n; ++n) {
          const uint64_t tile = n / kTileColumns * kTileColumns, width = std::min<uint64_t>(kTileColumns, s.n - tile);
          bytes_[1 + (s.k_begin + block) * s.n + tile * size + i % kBlock * width + n % kTileColumns] =
              m_.w[(s.k_begin + chunk.k_begin + i) * s.n + n];
        }
      }
  }

  Matrix matrix() const {
    const Shape& s = GetParam();
    Matrix m{};
    m.data = reinterpret_cast<const char*>(bytes_.data()) + 1 + s.k_begin * s.n;
    m.row_bytes = s.n;
    m.scales = reinterpret_cast<const char*>(m_.scales.data() + s.k_begin / (s.k / s.groups) * s.n);
    m.scale_row_bytes = s.n * sizeof(float);
    m.chunks = chunks_.list.data(), m.n_chunks = static_cast<uint32_t>(chunks_.list.size());
    m.k = static_cast<uint32_t>(s.k_end - s.k_begin), m.n = static_cast<uint32_t>(s.n);
    m.element = Element::i8, m.scale_element = Element::f32, m.tiled = s.tiled;
    return m;
  }

  // Digits of all rows, made by the kernels.
  void quantise(const Kernels& kernels, float most) {
    most_ = most;
    stride_ = digit_stride(rows_[0].size());
    digits_.assign(kRowsMade * stride_, 0x5555);
    scales_.assign(kRowsMade * chunks_.blocks, 0.0f);
    for (uint32_t r = 0; r < kRowsMade; ++r)
      for (const Chunk& chunk : chunks_.list)
        kernels.quantise(rows_[r].data(), chunk, most, &digits_[r * stride_], &scales_[r * chunks_.blocks]);
  }

  Rows digits_of(const uint32_t* index, uint32_t count) const {
    return {nullptr, digits_.data(), scales_.data(), 0, stride_, chunks_.blocks, index, count, most_ == kOneDigit};
  }

  // [count, n], swept together in slices of that many columns.
  std::vector<float> swept(const Kernels& kernels, const std::vector<uint32_t>& index, uint32_t slice) {
    const Matrix m = matrix();
    const uint64_t stride = uint64_t{m.n_chunks} * m.n, count = index.size();
    std::vector<float> partial(count * stride), y(count * m.n);
    for (uint32_t c = 0; c < m.n_chunks; ++c)
      for (uint32_t n = 0; n < m.n; n += slice)
        kernels.sweep(m, digits_of(index.data(), static_cast<uint32_t>(count)), c, n, std::min(n + slice, m.n),
                      &partial[uint64_t{c} * m.n + n], stride, scratch_.data());
    for (uint64_t r = 0; r < count; ++r)
      for (uint32_t n = 0; n < m.n; n += slice)
        kernels.reduce(m, &partial[r * stride + n], m.n, n, std::min(n + slice, m.n), &y[r * m.n + n]);
    return y;
  }

  // [count, n] by tile(matrix, rows, n_begin, n_end, y, stride); columns behind each row keep a sentinel.
  template <class Tile>
  std::vector<float> tiled_by(const std::vector<uint32_t>& index, uint32_t width, const Tile& tile) {
    const Matrix m = matrix();
    std::vector<float> y(index.size() * (m.n + 1), 12345.0f);
    for (uint32_t n = 0; n < m.n; n += width)
      tile(m, digits_of(index.data(), static_cast<uint32_t>(index.size())), n, std::min(n + width, m.n), &y[n],
           m.n + 1);
    return y;
  }
  std::vector<float> tiled(const Kernels& kernels, const std::vector<uint32_t>& index, uint32_t width) {
    return tiled_by(index, width, [&](const auto&... arguments) { kernels.tile(arguments..., scratch_.data()); });
  }

  void expect_definition(const std::vector<float>& found, const std::vector<uint32_t>& index, const std::string& what) {
    for (size_t i = 0; i < index.size(); ++i) {
      std::vector<float>& wanted = defined_[{most_, index[i]}];
      if (wanted.empty()) wanted = definition::linear_i8(m_, rows_[index[i]], GetParam().k_begin, most_);
      const float* row = &found[i * (m_.n + 1)];
      ASSERT_EQ(different(row, wanted), 0u)
          << what << ", row " << i << " of " << index.size() << ", digits to " << most_;
      ASSERT_EQ(row[m_.n], 12345.0f) << what << ": written behind the row";
    }
  }

  static uint64_t different(const float* found, const std::vector<float>& wanted) {
    uint64_t count = 0;
    for (size_t i = 0; i < wanted.size(); ++i)
      count += std::bit_cast<uint32_t>(found[i]) != std::bit_cast<uint32_t>(wanted[i]);
    return count;
  }

  definition::I8 m_;
  std::vector<std::vector<float>> rows_;
  Chunks chunks_;
  std::vector<int8_t> bytes_;
  std::vector<int16_t> digits_;
  std::vector<float> scales_;
  float most_ = 0;
  uint64_t stride_ = 0;
  std::map<std::pair<float, uint32_t>, std::vector<float>> defined_;
  std::vector<char> scratch_ = std::vector<char>(kKernelScratch);
};

TEST_P(LinearI8, AFewRowsHaveTheBitsOfTheDefinition) {
  for (const Isa isa : levels_with_fma())
    for (const float most : {kTwoDigits, kOneDigit}) {
      quantise(kernels_of(isa), most);
      for (const std::vector<uint32_t>& index : {std::vector<uint32_t>{0},
                                                 {1},
                                                 {2},
                                                 {8, 1},
                                                 {3, 2, 0},
                                                 {7, 6, 5, 4, 3, 2, 1, 0},
                                                 {8, 7, 6, 5, 4, 3, 2, 1, 0},
                                                 {0, 1, 2, 3, 4, 5, 6, 7, 8, 8, 7, 6, 5, 4, 3, 2, 1}})
        for (const uint32_t slice : {64u, 128u, 8192u}) {
          const std::vector<float> found = swept(kernels_of(isa), index, slice);
          for (size_t i = 0; i < index.size(); ++i)
            EXPECT_EQ(different(&found[i * m_.n], definition::linear_i8(m_, rows_[index[i]], GetParam().k_begin, most)),
                      0u)
                << title_of(isa) << ", row " << index[i] << ", slices of " << slice << ", digits to " << most;
        }
    }
}

TEST_P(LinearI8, ManyRowsHaveTheBitsOfTheDefinition) {
  for (const Isa isa : levels_with_fma())
    for (const float most : {kTwoDigits, kOneDigit}) {
      quantise(kernels_of(isa), most);
      for (const std::vector<uint32_t>& index :
           {std::vector<uint32_t>{3}, {8, 0}, {1, 4, 2}, {0, 1, 2, 3, 4, 5, 6, 7, 8}})
        for (const uint32_t width : {64u, 256u})
          expect_definition(tiled(kernels_of(isa), index, width), index,
                            title_of(isa) + std::string(", tiles of ") + std::to_string(width));
    }
}

// A library's products, as kernels.h defines them.
struct PlainProducts {
  uint32_t rows;

  static void multiply(void* context, const uint8_t* digits, const int8_t* weights, int32_t* sums) {
    for (uint32_t r = 0; r < static_cast<PlainProducts*>(context)->rows; ++r)
      for (uint32_t n = 0; n < kStrip; ++n) {
        int32_t sum = 0;
        for (uint32_t k = 0; k < kBlock; ++k) sum += digits[r * kBlock + k] * weights[(k / 4 * kStrip + n) * 4 + k % 4];
        sums[r * kStrip + n] = sum;
      }
  }
};

TEST_P(LinearI8, ProductsOfALibraryHaveTheBitsOfTheDefinition) {
  constexpr uint32_t kPanel = 11;  // rows_made and two that are not there
  std::vector<char> scratch(kGemmScratch, 0x55);
  for (const Isa isa : levels_with_fma())
    for (const float most : {kTwoDigits, kOneDigit}) {
      quantise(kernels_of(isa), most);
      PlainProducts products{1 + kPanel * (most == kOneDigit ? 1 : 2)};
      const Gemm gemm{&PlainProducts::multiply, &products, kPanel};
      for (const std::vector<uint32_t>& index : {std::vector<uint32_t>{3}, {0, 1, 2, 3, 4, 5, 6, 7, 8}})
        expect_definition(
            tiled_by(index, 256,
                     [&](const auto&... arguments) { kernels_of(isa).tile_gemm(arguments..., gemm, scratch.data()); }),
            index, title_of(isa));
    }
}

TEST_P(LinearI8, OnednnHasTheBitsOfTheDefinition) {
  if (const std::string why = why_no_onednn(); !why.empty()) GTEST_SKIP() << why;
  for (const float most : {kTwoDigits, kOneDigit}) {
    const std::unique_ptr<Onednn> onednn = open_onednn(most == kOneDigit);
    const std::unique_ptr<OnednnThread> thread = onednn->make_thread();
    std::vector<char> scratch(onednn->scratch_bytes(), 0x55);
    for (const Isa isa : levels_with_fma()) {
      quantise(kernels_of(isa), most);
      for (const uint32_t count : {1u, 17u, kPanelRows}) {
        std::vector<uint32_t> index(count);
        for (uint32_t i = 0; i < count; ++i) index[i] = i % kRowsMade;
        expect_definition(tiled_by(index, 256,
                                   [&](const auto&... arguments) {
                                     EXPECT_TRUE(thread->tile(kernels_of(isa), arguments..., scratch.data()));
                                   }),
                          index, title_of(isa));
      }
    }
  }
}

// Two digits leave 1/65024 of the block's largest input; one channel in fifty is a hundred times as loud as the rest,
// so the bound is that of an error of 100 * 3 / 65024 in a row of rms 14, and five times more for the worst of many
// columns.
TEST_P(LinearI8, IsCloseToTheExactSum) {
  for (const Isa isa : levels()) {
    quantise(kernels_of(isa), kTwoDigits);
    std::vector<double> size;
    const std::vector<double> exact = definition::exact_i8(m_, rows_[0], GetParam().k_begin, &size);
    const std::vector<float> found = swept(kernels_of(isa), {0}, 8192);
    for (size_t n = 0; n < exact.size(); ++n)
      ASSERT_NEAR(found[n], exact[n], 1.7e-3 * size[n]) << title_of(isa) << ", column " << n;
  }
}

// Without fused multiply-add only roundings differ: some 2^-24 of the sums' size per block.
TEST_P(LinearI8, BaselineDiffersByRoundingOnly) {
  quantise(kernels_of(Isa::baseline), kTwoDigits);
  std::vector<double> size;
  definition::exact_i8(m_, rows_[0], GetParam().k_begin, &size);
  const std::vector<float> wanted = definition::linear_i8(m_, rows_[0], GetParam().k_begin, kTwoDigits);
  const std::vector<float> one = swept(kernels_of(Isa::baseline), {0}, 8192);
  const std::vector<float> many = tiled(kernels_of(Isa::baseline), {0, 1}, 256);
  EXPECT_EQ(different(many.data(), one), 0u) << "one row and many rows must agree on baseline, too";
  for (size_t n = 0; n < wanted.size(); ++n) ASSERT_NEAR(one[n], wanted[n], 1e-5 * size[n]) << n;
}

INSTANTIATE_TEST_SUITE_P(Shapes, LinearI8, testing::ValuesIn(kShapes));

double rms_error(const std::vector<float>& found, const std::vector<double>& exact) {
  double sum = 0;
  for (size_t n = 0; n < exact.size(); ++n) sum += (found[n] - exact[n]) * (found[n] - exact[n]);
  return std::sqrt(sum / static_cast<double>(exact.size()));
}

// Rounded to bf16, to nearest even.
float as_bf16(float x) {
  const uint32_t bits = std::bit_cast<uint32_t>(x);
  return std::bit_cast<float>((bits + 0x7fffu + (bits >> 16 & 1u)) & 0xffff0000u);
}

// The row times the matrix as the kernels compute it.
std::vector<float> by_kernels(const Kernels& kernels, const definition::I8& matrix, const std::vector<float>& x,
                              float most) {
  const Chunks chunks = cut_into_chunks(0, matrix.k, matrix.k / matrix.groups);
  Matrix m{};
  m.data = reinterpret_cast<const char*>(matrix.w.data()), m.row_bytes = matrix.n;
  m.scales = reinterpret_cast<const char*>(matrix.scales.data()), m.scale_row_bytes = matrix.n * sizeof(float);
  m.chunks = chunks.list.data(), m.n_chunks = static_cast<uint32_t>(chunks.list.size());
  m.k = static_cast<uint32_t>(matrix.k), m.n = static_cast<uint32_t>(matrix.n);
  m.element = Element::i8, m.scale_element = Element::f32;
  std::vector<int16_t> digits(digit_stride(matrix.k));
  std::vector<float> scales(chunks.blocks), partial(uint64_t{m.n_chunks} * m.n), y(m.n);
  for (const Chunk& chunk : chunks.list) kernels.quantise(x.data(), chunk, most, digits.data(), scales.data());
  Rows row{};
  row.digits = digits.data(), row.scales = scales.data(), row.count = 1, row.one_digit = most == kOneDigit;
  std::vector<char> scratch(kKernelScratch);
  for (uint32_t c = 0; c < m.n_chunks; ++c)
    kernels.sweep(m, row, c, 0, m.n, &partial[uint64_t{c} * m.n], 0, scratch.data());
  kernels.reduce(m, partial.data(), m.n, 0, m.n, y.data());
  return y;
}

// As real networks have it: one channel a hundred times as loud as the rest, in a row of Grok-1's ffn width. What two
// digits lose must be at most 0.05 of what rounding the same row to bf16 loses.
TEST(LoudChannel, CostsLittleOfWhatBf16Costs) {
  constexpr uint64_t kInputs = 32768, kOutputs = 96;
  std::mt19937 random(11);
  std::normal_distribution<float> normal;
  definition::I8 m{kInputs, kOutputs, 8, std::vector<int8_t>(kInputs * kOutputs), std::vector<float>(8 * kOutputs)};
  for (int8_t& w : m.w) w = static_cast<int8_t>(random());
  for (float& scale : m.scales) scale = std::exp(normal(random)) * 1e-3f;
  std::vector<float> x(kInputs), rounded(kInputs);
  for (float& v : x) v = normal(random);
  x[random() % kInputs] = 100.0f;
  std::transform(x.begin(), x.end(), rounded.begin(), as_bf16);
  std::vector<double> size;
  const std::vector<double> exact = definition::exact_i8(m, x, 0, &size);
  const std::vector<double> of_bf16 = definition::exact_i8(m, rounded, 0, &size);
  const double bf16 = rms_error({of_bf16.begin(), of_bf16.end()}, exact);
  for (const Isa isa : levels()) {
    const Kernels& kernels = kernels_of(isa);
    EXPECT_LE(rms_error(by_kernels(kernels, m, x, kTwoDigits), exact), 0.05 * bf16) << title_of(isa);
    EXPECT_GT(rms_error(by_kernels(kernels, m, x, kOneDigit), exact), 0.05 * bf16) << "the test must tell them apart";
  }
}

class LinearFloat : public testing::TestWithParam<std::pair<uint64_t, uint64_t>> {
 protected:
  static constexpr uint32_t kRowsMade = 5;
  const uint64_t k_ = GetParam().first, n_ = GetParam().second;
  std::vector<float> w_ = std::vector<float>(k_ * n_), x_ = std::vector<float>(k_ * kRowsMade);
  Chunks chunks_ = cut_into_chunks(0, k_, k_);
  std::vector<char> scratch_ = std::vector<char>(kKernelScratch);

  LinearFloat() {
    std::mt19937 random(3);
    std::normal_distribution<float> normal;
    for (float& v : w_) v = normal(random);
    for (float& v : x_) v = normal(random);
  }
  std::vector<float> row(uint32_t r) const {
    return {x_.begin() + static_cast<ptrdiff_t>(r * k_), x_.begin() + static_cast<ptrdiff_t>((r + 1) * k_)};
  }
  Matrix matrix(bool nk) const {
    Matrix m{};
    m.data = reinterpret_cast<const char*>(w_.data());
    m.row_bytes = (nk ? k_ : n_) * sizeof(float);
    m.chunks = chunks_.list.data(), m.n_chunks = static_cast<uint32_t>(chunks_.list.size());
    m.k = static_cast<uint32_t>(k_), m.n = static_cast<uint32_t>(n_);
    m.element = Element::f32, m.nk = nk;
    return m;
  }
  Rows rows(uint32_t first, uint32_t count) const {
    Rows r{};
    r.values = x_.data() + first * k_, r.stride = k_, r.count = count;
    return r;
  }
};

TEST_P(LinearFloat, ColumnsAreChainsOfFusedMultiplyAdds) {
  for (const Isa isa : levels_with_fma()) {
    const Kernels& kernels = kernels_of(isa);
    const Matrix m = matrix(false);
    std::vector<float> many(kRowsMade * n_);
    for (uint32_t n = 0; n < m.n; n += 128)
      kernels.tile(m, rows(0, kRowsMade), n, std::min(n + 128, m.n), &many[n], n_, scratch_.data());
    const uint64_t stride = uint64_t{m.n_chunks} * n_;
    std::vector<float> partial(kRowsMade * stride), few(n_);
    for (uint32_t c = 0; c < m.n_chunks; ++c)
      kernels.sweep(m, rows(0, kRowsMade), c, 0, m.n, &partial[c * n_], stride, scratch_.data());
    for (uint32_t r = 0; r < kRowsMade; ++r) {
      kernels.reduce(m, &partial[r * stride], n_, 0, m.n, few.data());
      const std::vector<float> wanted = definition::linear_kn(w_, n_, row(r));
      EXPECT_EQ(few, wanted) << title_of(isa);
      EXPECT_EQ(std::vector<float>(&many[r * n_], &many[r * n_] + n_), wanted) << title_of(isa);
    }
  }
}

TEST_P(LinearFloat, DotProductsHaveSixteenLanesAndOneTree) {
  for (const Isa isa : levels_with_fma()) {
    std::vector<float> found(kRowsMade * n_);
    kernels_of(isa).dots(matrix(true), rows(0, kRowsMade), 0, static_cast<uint32_t>(n_), 1.0f, found.data(), n_);
    for (uint32_t r = 0; r < kRowsMade; ++r)
      EXPECT_EQ(std::vector<float>(&found[r * n_], &found[r * n_] + n_), definition::linear_nk(w_, n_, row(r)))
          << title_of(isa);
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, LinearFloat,
                         testing::Values(std::pair(1, 1), std::pair(7, 15), std::pair(16, 17), std::pair(100, 257),
                                         std::pair(2048, 64), std::pair(2051, 33), std::pair(4100, 5)));

}  // namespace
}  // namespace grok1::cpu
