// exp, tanh and gelu of the kernels against long double, on every instruction set; and their bits, which must agree
// where there is fused multiply-add.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

#include "tests/unit/cpu/levels.h"

namespace grok1::cpu {
namespace {

// Steps through [from, to] in both a fine and an irregular way.
std::vector<float> arguments(float from, float to) {
  std::vector<float> x;
  constexpr int kSteps = 200003;  // a prime, so that sixteens end unevenly
  for (int i = 0; i <= kSteps; ++i) x.push_back(from + (to - from) * (static_cast<float>(i) / kSteps));
  return x;
}

std::vector<float> near_zero() {
  std::vector<float> x;
  for (float v = 1e-30f; v < 2.0f; v *= 1.01f) x.push_back(v), x.push_back(-v);
  return x;
}

using Function = void (*)(const Kernels&, const std::vector<float>&, std::vector<float>&);

void exp_of(const Kernels& k, const std::vector<float>& x, std::vector<float>& y) {
  k.exp(x.data(), y.data(), x.size());
}
void tanh_of(const Kernels& k, const std::vector<float>& x, std::vector<float>& y) {
  k.tanh(x.data(), y.data(), x.size());
}
void gelu_of(const Kernels& k, const std::vector<float>& x, std::vector<float>& y) {
  const std::vector<float> ones(x.size(), 1.0f);
  y = x;
  k.gelu_times(y.data(), ones.data(), x.size());
}

std::vector<float> values(Function f, Isa isa, const std::vector<float>& x) {
  std::vector<float> y(x.size());
  f(kernels_of(isa), x, y);
  return y;
}

TEST(Functions, ExpIsWithinItsBound) {
  for (const Isa isa : levels()) {
    const std::vector<float> x = arguments(-87.0f, 88.0f), y = values(exp_of, isa, x);
    long double worst = 0;
    for (size_t i = 0; i < x.size(); ++i) {
      const long double exact = std::exp(static_cast<long double>(x[i]));
      worst = std::max(worst, std::fabs((y[i] - exact) / exact));
    }
    EXPECT_LE(worst, 2e-7L) << title_of(isa);
  }
}

TEST(Functions, ExpEndsWell) {
  const float infinity = std::numeric_limits<float>::infinity();
  const std::vector<float> x = {0.0f, -0.0f, -87.5f, -1000.0f, -infinity, 100.0f, NAN, -NAN};
  for (const Isa isa : levels()) {
    const std::vector<float> y = values(exp_of, isa, x);
    EXPECT_EQ(y[0], 1.0f);
    EXPECT_EQ(y[1], 1.0f);
    EXPECT_EQ(y[2], 0.0f);
    EXPECT_EQ(y[3], 0.0f);
    EXPECT_EQ(y[4], 0.0f);
    EXPECT_GT(y[5], 1e38f);
    EXPECT_TRUE(std::isnan(y[6]) && std::isnan(y[7])) << title_of(isa);
  }
}

TEST(Functions, TanhIsWithinItsBound) {
  for (const Isa isa : levels())
    for (const std::vector<float>& x : {arguments(-12.0f, 12.0f), near_zero()}) {
      const std::vector<float> y = values(tanh_of, isa, x);
      long double worst = 0;
      for (size_t i = 0; i < x.size(); ++i) {
        const long double exact = std::tanh(static_cast<long double>(x[i]));
        if (exact != 0) worst = std::max(worst, std::fabs((y[i] - exact) / exact));
      }
      EXPECT_LE(worst, 4e-7L) << title_of(isa);
    }
}

TEST(Functions, GeluIsWithinItsBound) {
  for (const Isa isa : levels()) {
    const std::vector<float> x = arguments(-40.0f, 40.0f), y = values(gelu_of, isa, x);
    long double worst = 0;
    for (size_t i = 0; i < x.size(); ++i) {
      const long double a = x[i], u = std::sqrt(2.0L / std::acos(-1.0L)) * (a + 0.044715L * a * a * a);
      const long double exact = 0.5L * a * (1.0L + std::tanh(u));
      worst = std::max(worst, std::fabs(y[i] - exact) / std::max(1.0L, std::fabs(a)));
    }
    EXPECT_LE(worst, 1e-6L) << title_of(isa);
  }
}

TEST(Functions, BitsAgreeWhereThereIsFusedMultiplyAdd) {
  const std::vector<float> x = arguments(-90.0f, 89.0f);
  for (const Function f : {exp_of, tanh_of, gelu_of})
    for (const Isa isa : levels_with_fma()) {
      const std::vector<float> wanted = values(f, Isa::avx2, x), found = values(f, isa, x);
      size_t different = 0;
      for (size_t i = 0; i < x.size(); ++i)
        different += std::bit_cast<uint32_t>(wanted[i]) != std::bit_cast<uint32_t>(found[i]);
      EXPECT_EQ(different, 0u) << title_of(isa);
    }
}

}  // namespace
}  // namespace grok1::cpu
