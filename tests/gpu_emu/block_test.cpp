// Blocks: sums through exchanges and barriers, both wave sizes, all schedules; and what a device would hang on.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <tuple>

#include "bench.h"

namespace gpu::emulator {
namespace {

using samples::Mistake;

class Schedules : public testing::TestWithParam<std::tuple<int, std::string>> {
 protected:
  Environment environment{{{"GROK1_EMU_SCHEDULE", std::get<1>(GetParam())}}};
  Bench bench{std::get<0>(GetParam())};
};

TEST_P(Schedules, BlockSums) {
  constexpr uint32_t kBlocks = 20;
  const std::vector<float> in = counted(kBlocks * 256);
  const float* device_in = bench.upload(in);
  float* out = bench.on_device<float>(kBlocks);
  bench.kernels.block_sums(device_in, out, kBlocks, bench.stream);
  const std::vector<float> sums = bench.download(out, kBlocks);
  for (uint32_t b = 0; b < kBlocks; ++b) {
    float sum = 0;  // of small integers: exact
    for (uint32_t i = 0; i < 256; ++i) sum += in[b * 256 + i];
    EXPECT_EQ(sums[b], sum) << "block " << b;
  }
}

TEST_P(Schedules, LastBlockToArriveSeesAll) {
  constexpr uint32_t kBlocks = 9;
  const std::vector<float> in = counted(kBlocks * 256);
  const float* device_in = bench.upload(in);
  float *parts = bench.on_device<float>(kBlocks), *out = bench.on_device<float>(1);
  uint32_t* counter = bench.upload(std::vector<uint32_t>{0});
  bench.kernels.last_arrival(device_in, parts, counter, out, kBlocks, true, bench.stream);
  float sum = 0;
  for (const float value : in) sum += value;
  EXPECT_EQ(bench.download(out, 1)[0], sum);
}

TEST_P(Schedules, ExchangeGivesTheOtherLane) {
  const int wave = properties(std::get<0>(GetParam())).wave;
  int* out = bench.on_device<int>(256);
  for (int mask : {0, 1, 3, 16, wave - 1}) {
    bench.kernels.lanes(out, mask, 256, bench.stream);
    const std::vector<int> got = bench.download(out, 256);
    for (int t = 0; t < 256; ++t) ASSERT_EQ(got[static_cast<size_t>(t)], t % wave ^ mask) << "thread " << t;
  }
}

INSTANTIATE_TEST_SUITE_P(Devices, Schedules,
                         testing::Combine(testing::Values(0, 1),
                                          testing::Values<std::string>("forward", "reverse", "ahead", "shuffle:1",
                                                                       "shuffle:2")));

// The place of each block, or each thread of a block, in the order in which they ran.
std::vector<uint32_t> order_of(bool threads, const char* schedule) {
  const Environment environment{{{"GROK1_EMU_SCHEDULE", schedule}}};
  Bench bench;
  uint32_t* counter = bench.upload(std::vector<uint32_t>{0});
  uint32_t* out = bench.on_device<uint32_t>(256);
  if (threads)
    bench.kernels.thread_order(counter, out, bench.stream);
  else
    bench.kernels.order(counter, out, 256, bench.stream);
  return bench.download(out, 256);
}

TEST(Schedule, OrdersBlocksAndThreads) {
  std::vector<uint32_t> forward(256);
  for (uint32_t i = 0; i < 256; ++i) forward[i] = i;
  const std::vector<uint32_t> reverse(forward.rbegin(), forward.rend());
  for (const bool threads : {false, true}) {
    EXPECT_EQ(order_of(threads, "forward"), forward);
    EXPECT_EQ(order_of(threads, "reverse"), reverse);
    EXPECT_EQ(order_of(threads, "ahead"), forward) << "without exchanges";
    std::vector<uint32_t> shuffled = order_of(threads, "shuffle:7");
    EXPECT_EQ(order_of(threads, "shuffle:7"), shuffled) << "a seed is one order";
    EXPECT_NE(order_of(threads, "shuffle:8"), shuffled);
    EXPECT_NE(shuffled, forward);
    std::sort(shuffled.begin(), shuffled.end());
    EXPECT_EQ(shuffled, forward);
  }
}

#ifndef GROK1_EMU_TSAN  // there the race itself is reported: races.cpp
TEST(Schedule, MissingBarrierGivesWrongResults) {
  for (const char* schedule : {"forward", "reverse", "ahead", "shuffle:3"}) {
    const Environment environment{{{"GROK1_EMU_SCHEDULE", schedule}}};
    for (const bool barrier : {true, false}) {
      Bench bench;
      std::vector<float> in = counted(256);
      const float* device_in = bench.upload(in);
      float* out = bench.on_device<float>(256);
      bench.kernels.reverse(device_in, out, barrier, bench.stream);
      std::reverse(in.begin(), in.end());
      EXPECT_EQ(bench.download(out, 256) == in, barrier) << schedule;
    }
  }
}
#endif

// The text of what becomes of a mistaken kernel.
std::string end_of(Mistake mistake, int threads = 256, int device = 0) {
  const Environment environment{{}};
  Bench bench(device);
  float* memory = bench.on_device<float>(100);
  bench.kernels.mistaken(mistake, memory, threads, bench.stream);
  const Error error = error_of([&] { synchronize(bench.stream); });
  EXPECT_EQ(error.kind, Error::Kind::kLost);
  EXPECT_EQ(error_of([&] { allocate(1); }).kind, Error::Kind::kLost) << "as for every later call";
  return error.text;
}

void expect_parts(const std::string& text, const std::vector<std::string>& parts) {
  for (const std::string& part : parts) EXPECT_NE(text.find(part), text.npos) << part << " is not in: " << text;
}

TEST(Divergence, ThreadThatEnds) {
  expect_parts(end_of(Mistake::kEndsBeforeBarrier),
               {"kernel make_mistake", "block (0, 0, 0)", "thread 0 waits at the barrier of", "thread 5 ended"});
}

TEST(Divergence, AnotherBarrier) {
  expect_parts(end_of(Mistake::kOtherBarrier), {"thread 5 waits at the barrier of", "while others wait at that of"});
}

TEST(Divergence, AnotherExchange) {
  for (int device : {0, 1})
    expect_parts(end_of(Mistake::kOtherExchange, 256, device),
                 {"thread 5 exchanges values at", "other lanes of its wave"});
}

TEST(Divergence, LaneStaysAway) {
  for (int device : {0, 1})
    expect_parts(end_of(Mistake::kLaneStaysAway, 256, device), {"thread 0 exchanges values at", "thread 5 ended"});
}

TEST(Divergence, PartialWave) {
  for (int device : {0, 1}) {
    const Environment environment{{}};
    Bench bench(device);
    bench.kernels.lanes(bench.on_device<int>(256), 1, 40, bench.stream);
    expect_parts(error_of([&] { synchronize(bench.stream); }).text,
                 {"kernel exchange_lanes", device == 0 ? "only 8 of 32 lanes" : "only 40 of 64 lanes"});
  }
}

TEST(Divergence, MaskBeyondTheWave) {
  const Environment environment{{}};
  Bench bench;
  bench.kernels.lanes(bench.on_device<int>(256), 32, 256, bench.stream);
  expect_parts(error_of([&] { synchronize(bench.stream); }).text, {"mask 32", "a wave has 32 lanes"});
}

TEST(Divergence, TheNextKernelIsRight) {
  end_of(Mistake::kEndsBeforeBarrier);
  const Environment environment{{}};
  Bench bench;
  float* memory = bench.on_device<float>(1);
  bench.kernels.mistaken(Mistake::kNone, memory, 256, bench.stream);
  EXPECT_NO_THROW(synchronize(bench.stream));
}

TEST(Shared, NothingOfAPreviousBlock) {
  const Environment environment{{}};
  Bench bench;
  uint32_t* out = bench.on_device<uint32_t>(64 * 5);
  bench.kernels.unwritten(out, 5, bench.stream);
  for (const uint32_t value : bench.download(out, 64 * 5)) ASSERT_EQ(value, 0xffffffffu);
}

TEST(Shared, MoreThanStaticMemoryAllows) {
  expect_parts(end_of(Mistake::kTooMuchShared), {"thread 0", "straw", "49156 bytes, more than 49152"});
}

#ifdef GROK1_EMU_ASAN
TEST(Shared, Overrun) {
  for (const Mistake mistake : {Mistake::kWritesBeyondShared, Mistake::kWritesBeforeShared})
    EXPECT_DEATH(end_of(mistake), "heap-buffer-overflow");
}
#else
TEST(Shared, Overrun) {
  for (const Mistake mistake : {Mistake::kWritesBeyondShared, Mistake::kWritesBeforeShared})
    expect_parts(end_of(mistake), {"kernel overrun_shared", "beyond the shared array shared of 240 bytes"});
}
#endif

TEST(Access, BeyondTheAllocation) {
  expect_parts(end_of(Mistake::kReadsBeyond), {"kernel make_mistake", "block (0, 0, 0)", "thread 99",
                                               "4 bytes at offset 400 of an allocation of 400"});
}

TEST(Access, Misaligned) {
  expect_parts(end_of(Mistake::kReadsMisaligned), {"thread 0 reads 4 bytes", "no multiple of 4"});
}

TEST(Access, DirectDereferenceFaults) {
  EXPECT_DEATH(end_of(Mistake::kDereferences), "");
  const Environment environment{{}};
  Bench bench;
  const volatile float* memory = bench.on_device<float>(1);
  EXPECT_DEATH((void)*memory, "");
}

}  // namespace
}  // namespace gpu::emulator
