// Many ranges of several files, in order, with several requests in flight and bounded memory; how it ends when a read
// fails or the caller leaves.
#include "core/base/read_ahead.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <atomic>
#include <cerrno>
#include <filesystem>
#include <fstream>

namespace grok1 {
namespace {

class ReadAheadTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = testing::TempDir() + "grok1_read_ahead_" + testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::create_directories(folder_);
    for (int f = 0; f < 3; ++f) {
      const std::string path = folder_ + "/" + std::to_string(f);
      std::string content(300000, '\0');
      for (size_t i = 0; i < content.size(); ++i) content[i] = byte_at(f, i);
      std::ofstream(path, std::ios::binary) << content;
      files_.emplace_back(path);
    }
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  static char byte_at(int file, uint64_t offset) { return static_cast<char>(offset * 31 + offset / 300 + file * 77); }

  // Ranges of 1 to 20000 bytes, now of this file, now of that.
  std::vector<FileRange> ranges() const {
    std::vector<FileRange> all;
    for (uint64_t i = 0; i < 200; ++i) {
      const uint64_t offset = i * 7919 % 280000;
      all.push_back({&files_[i / 7 % 3], offset, 1 + i * i * 131 % 20000});
    }
    return all;
  }
  void expect_bytes(const FileRange& range, std::span<const std::byte> bytes) const {
    ASSERT_EQ(bytes.size(), range.size);
    const auto file = static_cast<int>(range.file - files_.data());
    for (uint64_t i = 0; i < range.size; ++i)
      ASSERT_EQ(std::to_integer<char>(bytes[i]), byte_at(file, range.offset + i)) << range.offset + i;
  }
  std::string folder_;
  std::vector<MappedFile> files_;
};

TEST_F(ReadAheadTest, HandsOutRangesInOrder) {
  ReadAhead reader(ranges());
  for (const FileRange& range : ranges()) expect_bytes(range, reader.next());
}

TEST_F(ReadAheadTest, OfNothingIsNothing) {
  ReadAhead reader({});
}

std::atomic<int> under_way, most_under_way, begun;
std::atomic<bool> had_signals;

ssize_t slow(int descriptor, void* buffer, size_t size, off_t offset) {
  ++begun;
  const int now = ++under_way;
  for (int most = most_under_way; now > most && !most_under_way.compare_exchange_weak(most, now);) {}
  sigset_t blocked;
  pthread_sigmask(SIG_SETMASK, nullptr, &blocked);
  if (sigismember(&blocked, SIGINT) != 1 || sigismember(&blocked, SIGTERM) != 1) had_signals = true;
  std::this_thread::sleep_for(std::chrono::milliseconds(2));
  const ssize_t n = pread(descriptor, buffer, size, offset);
  --under_way;
  return n;
}

void count_anew() {
  under_way = most_under_way = begun = 0;
  had_signals = false;
}

TEST_F(ReadAheadTest, KeepsSeveralRequestsInFlightAndNoMoreThanItsBuffers) {
  count_anew();
  ReadAhead reader(ranges(), slow);
  for (int wait = 0; begun < static_cast<int>(ReadAhead::kBuffers) && wait < 5000; ++wait)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_EQ(begun, static_cast<int>(ReadAhead::kBuffers));  // nobody has taken anything yet
  for (const FileRange& range : ranges()) {
    const auto bytes = reader.next();
    if (range.offset % 9 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(5));  // nobody writes over it
    expect_bytes(range, bytes);
  }
  EXPECT_EQ(most_under_way, static_cast<int>(ReadAhead::kInFlight));
  EXPECT_FALSE(had_signals);
}

TEST_F(ReadAheadTest, LeavesNothingUnderWayWhenTheCallerLeaves) {
  count_anew();
  {
    ReadAhead reader(ranges(), slow);
    reader.next();
  }
  EXPECT_EQ(under_way, 0);
  EXPECT_LT(begun, 50);
}

ssize_t failing(int descriptor, void* buffer, size_t size, off_t offset) {
  if (++begun == 40) {
    errno = EIO;
    return -1;
  }
  return pread(descriptor, buffer, size, offset);
}

TEST_F(ReadAheadTest, ThrowsWhatFailedWhereItsTurnComes) {
  count_anew();
  ReadAhead reader(ranges(), failing);
  size_t n = 0;
  try {
    for (const FileRange& range : ranges()) {
      expect_bytes(range, reader.next());
      ++n;
    }
    ADD_FAILURE() << "nothing failed";
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.status(), GROK1_E_IO);
    EXPECT_EQ(failure.native_code(), EIO);
  }
  EXPECT_GE(n, 40 - ReadAhead::kInFlight);
  EXPECT_LT(n, 40 + ReadAhead::kInFlight);
}

TEST_F(ReadAheadTest, GoesOnBehindWhatFailed) {
  count_anew();
  ReadAhead reader(ranges(), failing);
  size_t n_failed = 0;
  for (const FileRange& range : ranges()) {
    try {
      expect_bytes(range, reader.next());
    } catch (const Failure& failure) {
      EXPECT_EQ(failure.native_code(), EIO);
      ++n_failed;
    }
  }
  EXPECT_EQ(n_failed, 1u);
}

}  // namespace
}  // namespace grok1
