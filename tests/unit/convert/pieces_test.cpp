// The small pieces: matrices turned over, a team's tasks, errors counted block by block.
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "core/base/failure.h"
#include "core/convert/errors.h"
#include "core/convert/team.h"
#include "core/convert/transpose.h"

namespace grok1 {
namespace {

template <class T>
void expect_turned(size_t rows, size_t columns) {
  const size_t from_stride = columns + 3, to_stride = rows + 5;
  std::vector<T> from(rows * from_stride), to(columns * to_stride, T(77));
  for (size_t i = 0; i < from.size(); ++i) from[i] = static_cast<T>(i * 2654435761u >> 7);
  transpose(from.data(), from_stride, rows, columns, to.data(), to_stride);
  for (size_t j = 0; j < columns; ++j) {
    for (size_t i = 0; i < rows; ++i) ASSERT_EQ(to[j * to_stride + i], from[i * from_stride + j]) << i << ", " << j;
    for (size_t i = rows; i < to_stride; ++i) ASSERT_EQ(to[j * to_stride + i], T(77)) << "written beside";
  }
}

TEST(Transpose, OfEverySizeAndWidth) {
  for (const size_t rows : {1, 3, 4, 15, 16, 17, 33, 64, 256}) {
    for (const size_t columns : {1, 2, 7, 8, 16, 31, 48, 64, 65}) {
      expect_turned<uint8_t>(rows, columns);
      expect_turned<uint16_t>(rows, columns);
      expect_turned<uint32_t>(rows, columns);
    }
  }
}

TEST(TeamTest, DoesEveryTaskOnce) {
  Team team(3);
  for (const uint64_t n : {0, 1, 2, 100, 1}) {
    std::vector<std::atomic<int>> times(n);
    int between = 0;
    std::atomic<uint32_t> members{0};
    team.run(
        n, [&](uint32_t member, uint64_t i) { ++times[i], members |= member; }, [&] { ++between; });
    for (const auto& count : times) EXPECT_EQ(count, 1);
    EXPECT_LE(between, static_cast<int>(n));
    EXPECT_LT(members, 4u) << "a member that the team has not";
  }
}

TEST(TeamTest, HandsOnWhatATaskThrowsAndGoesOn) {
  Team team(4);
  for (int turn = 0; turn < 20; ++turn) {
    const auto job = [&] {
      team.run(
          50,
          [](uint32_t, uint64_t i) {
            if (i == 7) fail(GROK1_E_BAD_FILE, "seven");
          },
          [] {});
    };
    EXPECT_THROW(job(), Failure);
    std::atomic<int> done{0};
    team.run(
        10, [&](uint32_t, uint64_t) { ++done; }, [] {});
    EXPECT_EQ(done, 10);
  }
  EXPECT_THROW(team.run(
                   1, [](uint32_t, uint64_t) {}, [] { fail(GROK1_E_CANCELLED, "stop"); }),
               Failure);
}

TEST(ErrorsTest, AreThoseOfBlocks) {
  std::vector<float> x(64, 0.0f), y;
  for (size_t i = 0; i < 32; ++i) x[i] = static_cast<float>(i);
  y = x;
  y[3] += 0.5f;  // block 0: largest magnitude 31
  Errors errors;
  errors.compare(x.data(), y.data(), 64, 32);
  EXPECT_EQ(errors.blocks, 2u);
  EXPECT_EQ(errors.inexact, 1u);
  EXPECT_EQ(errors.squares, 31.0 * 32 * 63 / 6);
  EXPECT_EQ(errors.squared_errors, 0.25);
  EXPECT_FLOAT_EQ(static_cast<float>(errors.largest), 0.5f / 31);

  Errors singles;
  singles.compare(x.data(), y.data(), 61, 1);
  EXPECT_EQ(singles.blocks, 61u);
  EXPECT_EQ(singles.inexact, 1u);
  EXPECT_FLOAT_EQ(static_cast<float>(singles.largest), 0.5f / 3);
  singles.add(errors);
  EXPECT_EQ(singles.blocks, 63u);
  EXPECT_EQ(singles.inexact, 2u);
  EXPECT_FLOAT_EQ(static_cast<float>(singles.largest), 0.5f / 3);
}

}  // namespace
}  // namespace grok1
