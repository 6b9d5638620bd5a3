// accumulate: sums that the host stages between devices.
#include "tests/conformance/compare.h"
#include "tests/conformance/rig.h"
#include "tests/conformance/suite.h"

namespace grok1::conformance {
namespace {

constexpr char kContract[] = "y[i] += x[i] for i < count floats: sums that the host stages between devices.";

// A float32 sum of two has one right answer.
TEST(Accumulate, AddsExactly) {
  Random random(1);
  for (const uint32_t memory : {GROK1_MEMORY_DEVICE, GROK1_MEMORY_HOST})
    for (const size_t count : {1u, 2u, 3u, 15u, 16u, 17u, 63u, 64u, 65u, 255u, 257u, 1000u, 70000u}) {
      const std::vector<float> x = random.normals(count), before = random.normals(count);
      const Region y_region(candidate(), "y of accumulate", before),
          x_region(candidate(), "x of accumulate", x, memory);
      call("accumulate", candidate().ops().accumulate, candidate().queue(), y_region.buffer(), y_region.offset(),
           static_cast<const grok1_buffer*>(x_region.buffer()), x_region.offset(), uint64_t(count));
      std::vector<float> expected(count);
      for (size_t i = 0; i < count; ++i) expected[i] = before[i] + x[i];
      const Claim claim{"accumulate", std::to_string(count) + " floats", count, kContract};
      expect_same_bits(claim, expected, y_region.floats());
      expect_same_bits(claim, x, x_region.floats());
    }
}

TEST(Accumulate, FollowsTheOrderOfTheQueue) {
  const Region y(candidate(), "y of accumulate", std::vector<float>(100)),
      x(candidate(), "x of accumulate", std::vector<float>(100, 0.5f));
  for (int i = 0; i < 32; ++i)
    call("accumulate", candidate().ops().accumulate, candidate().queue(), y.buffer(), y.offset(),
         static_cast<const grok1_buffer*>(x.buffer()), x.offset(), uint64_t(100));
  expect_same_bits({"accumulate", "32 times 0.5", 100, kContract}, std::vector<float>(100, 16.0f), y.floats());
}

}  // namespace
}  // namespace grok1::conformance
