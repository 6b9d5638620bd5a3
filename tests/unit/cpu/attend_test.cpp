// The kernels of attention against what docs/numerics.md says, in plain scalar code: the same bits for every type of
// cache, number of heads, width and length of a split, on every instruction set with fused multiply-add.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <random>

#include "backends/cpu/numbers.h"
#include "tests/unit/cpu/levels.h"

namespace grok1::cpu {
namespace {

constexpr uint32_t kPageTokens = 16, kPageShift = 4, kPages = 40;

// Caches of one kv head with pages out of order, and the query heads that read it.
struct Scene {
  Element element;
  uint32_t heads, width, dim;
  std::mt19937 random{17};
  std::vector<float> q;
  std::vector<char> k, v;
  std::vector<uint32_t> pages;

  Scene(Element element_, uint32_t heads_, uint32_t dim_)
      : element(element_), heads(heads_), width((dim_ + 15) / 16 * 16), dim(dim_), q(heads_ * width) {
    std::normal_distribution<float> normal;
    for (uint32_t h = 0; h < heads; ++h)
      for (uint32_t i = 0; i < dim; ++i) q[h * width + i] = normal(random);
    for (std::vector<char>* cache : {&k, &v}) {
      cache->resize(uint64_t{kPages} * kPageTokens * row_bytes());
      std::vector<float> row(dim);
      for (uint64_t at = 0; at < cache->size(); at += row_bytes()) {
        for (float& value : row) value = normal(random);
        store_row(element, cache->data() + at, row.data(), dim);
      }
    }
    for (uint32_t p = 0; p < kPages; ++p) pages.push_back((p * 7 + 3) % kPages);
  }

  uint32_t row_bytes() const { return row_bytes_of(element, width); }
  const char* row(const std::vector<char>& cache, uint32_t j) const {
    return cache.data() + (uint64_t{pages[j / kPageTokens]} * kPageTokens + j % kPageTokens) * row_bytes();
  }
  float scale(const char* row) const { return element == Element::i8 ? unaligned<float>(row) : 1.0f; }
  float number(const char* row, uint32_t i) const {
    return value_of(element, row + (element == Element::i8 ? kRowScaleBytes : 0) + i * bytes_of(element));
  }
};

struct Split {
  std::vector<float> largest, sum, out;
  explicit Split(const Scene& s) : largest(s.heads), sum(s.heads), out(s.heads * s.width) {}
  std::vector<float> all() const {
    std::vector<float> numbers = largest;
    numbers.insert(numbers.end(), sum.begin(), sum.end());
    numbers.insert(numbers.end(), out.begin(), out.end());
    return numbers;
  }
};

constexpr float kMultiplier = 0.3f;

Split attended(const Scene& s, Isa isa, uint32_t begin, uint32_t end, float cap) {
  Split found(s);
  Attend a{};
  a.q = s.q.data(), a.k = s.k.data(), a.v = s.v.data(), a.pages = s.pages.data();
  a.page_bytes = uint64_t{kPageTokens} * s.row_bytes(), a.row_bytes = s.row_bytes();
  a.heads = s.heads, a.head_width = s.width, a.page_shift = kPageShift;
  a.begin = begin, a.end = end, a.multiplier = kMultiplier, a.soft_cap = cap, a.element = s.element;
  a.largest = found.largest.data(), a.sum = found.sum.data(), a.out = found.out.data();
  std::vector<float> scores(kHeads * kSplit);
  kernels_of(isa).attend(a, scores.data());
  return found;
}

float joined(const float (&parts)[16]) {
  float a[16];
  std::copy_n(parts, 16, a);
  for (const int apart : {8, 4, 2, 1})
    for (int i = 0; i < apart; ++i) a[i] += a[i + apart];
  return a[0];
}

float function_of(void (*f)(const float*, float*, uint64_t), float x) {
  float y = 0;
  f(&x, &y, 1);
  return y;
}

float logit(const Scene& s, uint32_t h, uint32_t j, float cap) {
  const char* row = s.row(s.k, j);
  float parts[16] = {};
  for (uint32_t i = 0; i < s.width; ++i)
    parts[i % 16] = std::fma(s.q[h * s.width + i], i < s.dim ? s.number(row, i) : 0.0f, parts[i % 16]);
  const float l = (s.element == Element::i8 ? joined(parts) * s.scale(row) : joined(parts)) * kMultiplier;
  return cap == 0 ? l : cap * function_of(kernels_of(Isa::avx2).tanh, l / cap);
}

Split defined(const Scene& s, uint32_t begin, uint32_t end, float cap) {
  Split wanted(s);
  for (uint32_t h = 0; h < s.heads; ++h) {
    std::vector<float> p;
    for (uint32_t j = begin; j < end; ++j) p.push_back(logit(s, h, j, cap));
    const float largest = *std::max_element(p.begin(), p.end());
    float parts[16] = {};
    for (uint32_t n = 0; n < p.size(); ++n) {
      p[n] = function_of(kernels_of(Isa::avx2).exp, p[n] - largest);
      parts[n % 16] += p[n];
    }
    wanted.largest[h] = largest, wanted.sum[h] = joined(parts);
    for (uint32_t n = 0; n < p.size(); ++n) {
      const char* row = s.row(s.v, begin + n);
      const float weight = s.element == Element::i8 ? p[n] * s.scale(row) : p[n];
      for (uint32_t i = 0; i < s.dim; ++i) {
        float& out = wanted.out[h * s.width + i];
        out = std::fma(weight, s.number(row, i), out);
      }
    }
  }
  return wanted;
}

class AttendKernels : public testing::TestWithParam<Element> {
 protected:
  void SetUp() override {
    if (best_isa() == Isa::baseline) GTEST_SKIP() << "this processor has no fused multiply-add";
  }
  void expect_defined_bits(const Scene& s, uint32_t begin, uint32_t end, float cap) const {
    const std::vector<float> wanted = defined(s, begin, end, cap).all();
    for (const Isa isa : levels_with_fma()) {
      const std::vector<float> found = attended(s, isa, begin, end, cap).all();
      for (size_t i = 0; i < wanted.size(); ++i)
        ASSERT_EQ(std::bit_cast<uint32_t>(found[i]), std::bit_cast<uint32_t>(wanted[i]))
            << title_of(isa) << ", " << s.heads << " heads of " << s.dim << ", positions " << begin << " .. " << end
            << ", number " << i;
    }
  }
};

TEST_P(AttendKernels, AnyNumberOfHeads) {
  for (uint32_t heads = 1; heads <= kHeads; ++heads) expect_defined_bits(Scene(GetParam(), heads, 128), 256, 512, 30);
}

TEST_P(AttendKernels, AnyWidth) {
  for (const uint32_t dim : {2u, 16u, 24u, 64u, 80u, 144u}) expect_defined_bits(Scene(GetParam(), 7, dim), 0, 100, 5);
}

TEST_P(AttendKernels, AnyLength) {
  const Scene scene(GetParam(), 6, 32);
  for (uint32_t count = 1; count <= 70; ++count) expect_defined_bits(scene, 256, 256 + count, 0);
  for (const uint32_t count : {255u, 256u}) expect_defined_bits(scene, 256, 256 + count, 0);
}

// What lies behind a split's last position, and in pages that are not its own, is not used.
TEST_P(AttendKernels, NothingBehindTheEnd) {
  Scene scene(GetParam(), 6, 64);
  const Split wanted = attended(scene, best_isa(), 256, 309, 30);
  const std::vector<float> none(scene.dim, std::numeric_limits<float>::quiet_NaN());
  for (std::vector<char>* cache : {&scene.k, &scene.v})
    for (uint32_t j = 0; j < kPages * kPageTokens; ++j)
      if (j < 256 || j >= 309)
        store_row(GetParam(), cache->data() + (scene.row(*cache, j) - cache->data()), none.data(), scene.dim);
  EXPECT_EQ(attended(scene, best_isa(), 256, 309, 30).all(), wanted.all());
}

std::string name_of_element(const testing::TestParamInfo<Element>& element) {
  static constexpr const char* kNames[] = {"f32", "f16", "bf16", "i8"};
  return kNames[static_cast<size_t>(element.param)];
}

INSTANTIATE_TEST_SUITE_P(Types, AttendKernels, testing::Values(Element::f32, Element::f16, Element::bf16, Element::i8),
                         name_of_element);

}  // namespace
}  // namespace grok1::cpu
