// The probes do what they are counted for: every byte is read once, and as many products are added as operations say.
#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <vector>

#include "tests/unit/cpu/levels.h"

namespace grok1::cpu {
namespace {

TEST(Probe, ReadsEveryByteOnce) {
  std::mt19937 random(3);
  std::vector<uint32_t> words(3 * kProbeBytes / sizeof(uint32_t));
  uint32_t sum = 0;
  for (uint32_t& word : words) sum += word = static_cast<uint32_t>(random());
  for (const Isa isa : levels())
    EXPECT_EQ(kernels_of(isa).read(reinterpret_cast<const char*>(words.data()), 3 * kProbeBytes), sum)
        << kernels_of(isa).name;
}

TEST(Probe, CountsItsOperations) {
  for (const Isa isa : levels()) {
    const Kernels& kernels = kernels_of(isa);
    EXPECT_EQ(kernels.dot_i8 != nullptr, isa == Isa::avxvnni || isa == Isa::avx512vnni);
    for (Probe (*const probe)() : {kernels.dot_i8, kernels.dot_i16, kernels.multiply_add}) {
      if (probe == nullptr) continue;
      const Probe done = probe();
      EXPECT_EQ(done.operations, 2 * done.sum) << kernels.name;
      EXPECT_GE(done.sum, kProbeRounds) << kernels.name;
    }
  }
}

}  // namespace
}  // namespace grok1::cpu
