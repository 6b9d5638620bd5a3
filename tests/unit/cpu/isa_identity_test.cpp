// The promise of docs/numerics.md on a whole layer: the same bits on every instruction set with fused multiply-add,
// with 1 to 4 threads, in passes of any size, with pages of any size; and baseline close to them.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>

#include "tests/unit/cpu/levels.h"
#include "tests/unit/cpu/rig.h"

namespace grok1::cpu {
namespace {

std::string options(Isa isa, uint32_t threads) {
  return "isa=" + std::string(kernels_of(isa).name) + ",oversubscribe=1,threads=" + std::to_string(threads);
}

uint64_t different(const std::vector<float>& a, const std::vector<float>& b) {
  if (a.size() != b.size()) return UINT64_MAX;
  uint64_t count = 0;
  for (size_t i = 0; i < a.size(); ++i) count += std::bit_cast<uint32_t>(a[i]) != std::bit_cast<uint32_t>(b[i]);
  return count;
}

// 540 positions: three splits of attention, the last one short.
const std::vector<int32_t> kTokens = Rig::tokens(540);

class IsaIdentity : public testing::Test {
 protected:
  void SetUp() override {
    if (best_isa() == Isa::baseline) GTEST_SKIP() << "this processor has no fused multiply-add";
    wanted_ = Rig(options(Isa::avx2, 1)).run(kTokens, {300});
    for (const float logit : wanted_) ASSERT_TRUE(std::isfinite(logit));
  }
  std::vector<float> wanted_;
};

TEST_F(IsaIdentity, InstructionSetsAndThreads) {
  for (const Isa isa : levels_with_fma())
    for (const uint32_t threads : {1u, 2u, 3u, 4u})
      EXPECT_EQ(different(Rig(options(isa, threads)).run(kTokens, {300}), wanted_), 0u) << options(isa, threads);
}

TEST_F(IsaIdentity, MemoryNodes) {
  for (const char* nodes : {",nodes=2", ",nodes=3"})
    for (const std::vector<uint32_t>& sizes : {std::vector<uint32_t>{300}, {1}})
      EXPECT_EQ(different(Rig(options(best_isa(), 4) + nodes).run(kTokens, sizes), wanted_), 0u) << nodes;
}

TEST_F(IsaIdentity, Onednn) {
  if (const std::string why = why_no_onednn(); !why.empty()) GTEST_SKIP() << why;
  for (const Isa isa : levels_with_fma())
    for (const uint32_t threads : {1u, 3u})
      EXPECT_EQ(different(Rig(options(isa, threads) + ",gemm=onednn").run(kTokens, {300}), wanted_), 0u)
          << options(isa, threads);
}

TEST_F(IsaIdentity, PassesOfAnySize) {
  for (const Isa isa : levels_with_fma())
    for (const std::vector<uint32_t>& sizes : {std::vector<uint32_t>{1}, {200, 1}, {2, 3, 4, 5, 6, 7}, {255, 2, 283}})
      EXPECT_EQ(different(Rig(options(isa, 2)).run(kTokens, sizes), wanted_), 0u)
          << options(isa, 2) << ", passes of " << sizes[0];
}

TEST_F(IsaIdentity, PagesOfAnySize) {
  for (const uint32_t page_tokens : {16u, 64u, 256u})
    EXPECT_EQ(different(Rig(options(best_isa(), 2), page_tokens).run(kTokens, {300}), wanted_), 0u) << page_tokens;
}

TEST_F(IsaIdentity, CachesOfAnyType) {
  for (const uint32_t type : {GROK1_CACHE_F32, GROK1_CACHE_F16, GROK1_CACHE_I8}) {
    const std::vector<float> wanted = Rig(options(Isa::avx2, 1), 32, type).run(kTokens, {300});
    EXPECT_NE(different(wanted, wanted_), 0u) << "type " << type;
    for (const Isa isa : levels_with_fma())
      EXPECT_EQ(different(Rig(options(isa, 2), 16, type).run(kTokens, {255, 1, 3}), wanted), 0u)
          << options(isa, 2) << ", type " << type;
  }
}

// A rounding here and there, and what a rounded cache makes of it; 1e-3 of the logits' deviation is a twentieth of what
// bf16 arithmetic costs (golden/README.md).
TEST_F(IsaIdentity, BaselineIsClose) {
  const std::vector<float> found = Rig(options(Isa::baseline, 2)).run(kTokens, {300});
  ASSERT_EQ(found.size(), wanted_.size());
  double error = 0, size = 0;
  for (size_t i = 0; i < found.size(); ++i) {
    error += std::pow(double{found[i]} - wanted_[i], 2);
    size += std::pow(double{wanted_[i]}, 2);
  }
  EXPECT_LE(std::sqrt(error / size), 1e-3);
}

TEST_F(IsaIdentity, BaselineAgreesWithItself) {
  const std::vector<float> wanted = Rig(options(Isa::baseline, 1)).run(kTokens, {300});
  EXPECT_EQ(different(Rig(options(Isa::baseline, 3)).run(kTokens, {1, 7, 100}), wanted), 0u);
}

}  // namespace
}  // namespace grok1::cpu
