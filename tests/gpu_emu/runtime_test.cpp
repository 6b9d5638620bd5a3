// The runtime: memory, streams that are late, events, devices that are lost, and counts.
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <sstream>
#include <thread>

#include "bench.h"
#include "counts.h"

namespace gpu::emulator {
namespace {

TEST(Runtime, DevicesOfTheEnvironment) {
  const Environment environment{{{"GROK1_EMU_DEVICES", "64,32,64"}, {"GROK1_EMU_MEMORY", "1000000"}}};
  ASSERT_EQ(device_count(), 3);
  const int waves[] = {64, 32, 64};
  for (int d = 0; d < 3; ++d) EXPECT_EQ(properties(d).wave, waves[d]);
  EXPECT_EQ(properties(1).memory_total, 1000000u);
}

TEST(Runtime, NoDevice) {
  const Environment environment{{{"GROK1_EMU_DEVICES", "none"}}};
  const Error error = error_of([] { device_count(); });
  EXPECT_EQ(error.kind, Error::Kind::kNoDevice);
  EXPECT_NE(error.text.find("GROK1_EMU_DEVICES"), error.text.npos);
}

TEST(Runtime, RefusesWrongVariables) {
  for (const auto& [name, value] : std::map<std::string, std::string>{{"GROK1_EMU_DEVICES", "32,16"},
                                                                      {"GROK1_EMU_MEMORY", "1G"},
                                                                      {"GROK1_EMU_SCHEDULE", "shuffle"},
                                                                      {"GROK1_EMU_LOSE", "2:1"}}) {
    const Error error = error_of([&, &name = name, &value = value] {
      setenv(name.c_str(), value.c_str(), 1);
      restart();
    });
    unsetenv(name.c_str());
    EXPECT_NE(error.text.find(name), error.text.npos);
  }
}

TEST(Runtime, OutOfMemoryLeavesTheDeviceUsable) {
  const Environment environment{{{"GROK1_EMU_MEMORY", "1000"}}};
  const Selected selected(0);
  void* memory = allocate(900);
  EXPECT_EQ(properties(0).memory_free, 100u);
  EXPECT_EQ(error_of([] { allocate(101); }).kind, Error::Kind::kOutOfMemory);
  EXPECT_EQ(error_of([] { allocate(~size_t{0}); }).kind, Error::Kind::kOutOfMemory);
  EXPECT_EQ(error_of([] { allocate_pinned(1001); }).kind, Error::Kind::kOutOfMemory);
  void* rest = allocate(100);
  release(memory);
  release(rest);
  EXPECT_EQ(properties(0).memory_free, 1000u);
}

TEST(Runtime, StreamsAreLate) {
  const Environment environment{{}};
  Bench bench;
  float* host = bench.on_host<float>(1);
  float* memory = bench.on_device<float>(1);
  float* result = bench.on_host<float>(1);
  *host = 1;
  *result = 0;
  copy_to_device(memory, host, sizeof(float), bench.stream);
  *host = 2;  // too early
  copy_to_host(result, memory, sizeof(float), bench.stream);
  EXPECT_EQ(*result, 0);
  synchronize(bench.stream);
  EXPECT_EQ(*result, 2);
}

TEST(Runtime, EventsOrderStreams) {
  const Environment environment{{}};
  Bench bench;
  const gpu::Stream other = create_stream();
  const Event event = create_event();
  EXPECT_NO_THROW(synchronize(event)) << "never recorded";
  uint8_t* memory = bench.on_device<uint8_t>(1);
  uint8_t* host = bench.on_host<uint8_t>(2);
  host[0] = host[1] = 0;
  fill(memory, 5, 1, other);
  record(event, other);
  fill(memory, 6, 1, other);  // after the event: not waited for
  wait(bench.stream, event);
  copy_to_host(host, memory, 1, bench.stream);
  synchronize(bench.stream);
  EXPECT_EQ(host[0], 5);
  copy_to_host(host, memory, 1, other);
  record(event, other);
  synchronize(event);
  EXPECT_EQ(host[0], 6);
  destroy(event);
  destroy(other);
}

TEST(Runtime, WithoutTheWaitTheOtherStreamIsBehind) {
  const Environment environment{{}};
  Bench bench;
  const gpu::Stream other = create_stream();
  uint8_t* memory = bench.on_device<uint8_t>(1);
  fill(memory, 5, 1, other);
  EXPECT_EQ(bench.download(memory, 1)[0], 0xff) << "what was never written";
  destroy(other);
}

TEST(Runtime, CopiesBetweenDevices) {
  const Environment environment{{}};
  Bench first(0);
  const std::vector<int> values{1, 2, 3};
  const int* from = first.upload(values);
  synchronize(first.stream);
  Bench second(1);
  int* to = second.on_device<int>(3);
  copy_between(to, 1, from, 0, 3 * sizeof(int), second.stream);
  EXPECT_EQ(second.download(to, 3), values);
  EXPECT_NE(error_of([&] { copy_on_device(to, from, 4, second.stream); }).text.find("memory of emu:0"),
            std::string::npos);
  EXPECT_NE(error_of([&] { fill(to, 0, 4, first.stream); }).text.find("the stream is of emu:0"), std::string::npos);
}

TEST(Runtime, RefusesWhatIsNoPlaceToCopy) {
  const Environment environment{{}};
  Bench bench;
  char* memory = bench.on_device<char>(10);
  char* pinned = bench.on_host<char>(10);
  char plain[10] = {};
  EXPECT_THROW(copy_to_device(memory, plain, 10, bench.stream), Error);
  EXPECT_THROW(copy_to_device(memory + 1, pinned, 10, bench.stream), Error);
  EXPECT_THROW(copy_to_device(memory, pinned + 1, 10, bench.stream), Error);
  EXPECT_THROW(copy_to_device(pinned, pinned, 10, bench.stream), Error);
  EXPECT_THROW(copy_to_host(memory, memory, 10, bench.stream), Error);
  EXPECT_NO_THROW(copy_to_device(memory + 1, pinned + 1, 9, bench.stream));
}

TEST(Runtime, PinnedMemoryReleasedTooEarly) {
  const Environment environment{{}};
  Bench bench;
  char* memory = bench.on_device<char>(10);
  void* pinned = allocate_pinned(10);
  copy_to_device(memory, pinned, 10, bench.stream);
  release_pinned(pinned);
  const Error error = error_of([&] { synchronize(bench.stream); });
  EXPECT_EQ(error.kind, Error::Kind::kLost);
  EXPECT_NE(error.text.find("too early"), error.text.npos);
}

TEST(Runtime, DeviceMemoryReleasedTooEarly) {
  const Environment environment{{}};
  Bench bench;
  float* out = bench.on_device<float>(256);
  float* in = static_cast<float*>(allocate(256 * sizeof(float)));
  bench.kernels.reverse(in, out, true, bench.stream);
  release(in);
  const Error error = error_of([&] { synchronize(bench.stream); });
  EXPECT_NE(error.text.find("released"), error.text.npos) << error.text;
}

TEST(Runtime, KernelOfTheOtherWaveIsRefused) {
  const Environment environment{{}};
  Bench bench(0);
  EXPECT_THROW(samples::wave64().lanes(bench.on_device<int>(256), 1, 256, bench.stream), Error);
}

TEST(Runtime, LosesTheDeviceThatItIsToldTo) {
  const Environment environment{{{"GROK1_EMU_LOSE", "1:2"}}};
  Bench bench(1), other(0);
  const Selected selected(1);
  int* out = bench.on_device<int>(256);
  bench.kernels.lanes(out, 1, 256, bench.stream);
  EXPECT_NO_THROW(synchronize(bench.stream));
  bench.kernels.lanes(out, 1, 256, bench.stream);
  EXPECT_EQ(error_of([&] { synchronize(bench.stream); }).kind, Error::Kind::kLost);
  EXPECT_EQ(error_of([&] { create_stream(); }).kind, Error::Kind::kLost);
  EXPECT_EQ(error_of([&] { bench.kernels.lanes(out, 1, 256, bench.stream); }).kind, Error::Kind::kLost);
  EXPECT_EQ(error_of([&] { properties(1); }).kind, Error::Kind::kLost);
  const Selected first(0);
  EXPECT_NO_THROW(synchronize(other.stream)) << "the other device works";
}

TEST(Runtime, DropsWhatALostDeviceWasStillToDo) {
  const Environment environment{{{"GROK1_EMU_LOSE", "0:1"}}};
  Bench bench;
  int* out = bench.on_device<int>(256);
  int* host = bench.on_host<int>(1);
  *host = 7;
  bench.kernels.lanes(out, 1, 256, bench.stream);
  copy_to_host(host, out, sizeof(int), bench.stream);
  const Event event = create_event();
  record(event, bench.stream);
  EXPECT_EQ(error_of([&] { synchronize(event); }).kind, Error::Kind::kLost) << "and does not hang";
  EXPECT_EQ(*host, 7);
  destroy(event);
}

TEST(Runtime, ManyThreadsWithStreamsOfTheirOwn) {
  const Environment environment{{}};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([i] {
      for (int repeat = 0; repeat < 5; ++repeat) {
        Bench bench(i % 2);
        const std::vector<float> in = counted(4 * 256);
        const float* device_in = bench.upload(in);
        float* out = bench.on_device<float>(4);
        bench.kernels.block_sums(device_in, out, 4, bench.stream);
        float sum = 0;
        for (int j = 0; j < 256; ++j) sum += in[static_cast<size_t>(j)];
        EXPECT_EQ(bench.download(out, 4)[0], sum);
      }
    });
  for (std::thread& thread : threads) thread.join();
}

TEST(Counts, ExactOnAKnownKernel) {
  const std::string file = testing::TempDir() + "gpu_emu_counts_" + std::to_string(getpid()) + ".tsv";
  const Environment environment{{{"GROK1_EMU_COUNTS", file}}};
  Bench bench;
  const float* in = bench.upload(counted(31 * 16 + 1));
  float* out = bench.on_device<float>(64);
  for (int i = 0; i < 3; ++i) bench.kernels.strided(in, out, bench.stream);
  synchronize(bench.stream);
  const Counts found = counts()["copy_strided"];
  EXPECT_EQ(found.launches, 3u);
  EXPECT_EQ(found.read, 3 * 32 * 32u) << "32 sectors, once a launch";
  EXPECT_EQ(found.written, 3 * 64 * 4u);
  EXPECT_EQ(found.requested, 3 * 64 * 8u);
  write_counts();
  std::stringstream text;
  text << std::ifstream(file).rdbuf();
  EXPECT_EQ(text.str(), "kernel\tlaunches\tread\twritten\trequested\ncopy_strided\t3\t3072\t768\t1536\n");
  reset_counts();
  EXPECT_TRUE(counts().empty());
  std::remove(file.c_str());
}

}  // namespace
}  // namespace gpu::emulator
