// Reads past the page cache: ranges that begin and end anywhere, file systems that refuse, files that change, system
// calls that fail.
#include "core/base/direct_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>

#include "core/base/failure.h"

namespace grok1 {
namespace {

constexpr uint64_t kSize = 5 * DirectFile::kBlock + 321;

struct Free {
  void operator()(std::byte* memory) const { std::free(memory); }
};
using Buffer = std::unique_ptr<std::byte, Free>;

// Exactly what a read may ask for: a byte more is a fault that a sanitizer sees.
Buffer buffer_for(uint64_t size) {
  const uint64_t room = std::max(DirectFile::room_for(size), DirectFile::kBlock);
  return Buffer(static_cast<std::byte*>(std::aligned_alloc(DirectFile::kBlock, room)));
}

char byte_at(uint64_t offset) {
  return static_cast<char>(offset * 131 + offset / 256);
}

class DirectFileTest : public testing::Test {
 protected:
  void SetUp() override { write(path_ = folder() + "grok1_direct_file_" + test_name()); }
  void TearDown() override { std::filesystem::remove_all(path_); }
  virtual std::string folder() const { return testing::TempDir(); }
  static std::string test_name() {
    const auto* info = testing::UnitTest::GetInstance()->current_test_info();
    return std::string(info->test_suite_name()) + info->name();
  }
  static void write(const std::string& path) {
    std::string content(kSize, '\0');
    for (uint64_t i = 0; i < kSize; ++i) content[i] = byte_at(i);
    std::ofstream(path, std::ios::binary) << content;
  }
  static void expect_range(DirectFile& file, uint64_t offset, uint64_t size) {
    const Buffer buffer = buffer_for(size);
    const auto bytes = file.read(offset, size, buffer.get());
    ASSERT_EQ(bytes.size(), size);
    for (uint64_t i = 0; i < size; ++i)
      ASSERT_EQ(std::to_integer<char>(bytes[i]), byte_at(offset + i)) << offset << " + " << i << " of " << size;
  }
  static void expect_all_ranges(DirectFile& file) {
    constexpr uint64_t kBlock = DirectFile::kBlock;
    for (const uint64_t offset : {uint64_t{0}, uint64_t{1}, uint64_t{511}, kBlock - 1, kBlock, kBlock + 1, 2 * kBlock})
      for (const uint64_t size : {uint64_t{0}, uint64_t{1}, kBlock - 1, kBlock, kBlock + 1, 2 * kBlock + 5})
        expect_range(file, offset, size);
    expect_range(file, 0, kSize);
    expect_range(file, kSize - 1, 1);
    expect_range(file, kSize - 322, 322);
  }
  // What a read of everything fails with.
  Failure failure_of(DirectFile& file) {
    const Buffer buffer = buffer_for(kSize);
    try {
      file.read(0, kSize, buffer.get());
    } catch (const Failure& failure) {
      EXPECT_NE(failure.message().find(path_), std::string::npos) << failure.message();
      return failure;
    }
    return {GROK1_OK, "no failure"};
  }
  std::string path_;
};

// A tmpfs, where there is one.
class OnTmpfs : public DirectFileTest {
 protected:
  std::string folder() const override { return "/dev/shm/"; }
  void SetUp() override {
    if (!std::filesystem::is_directory(folder())) GTEST_SKIP() << "no " << folder();
    DirectFileTest::SetUp();
  }
};

TEST_F(DirectFileTest, ReadsAnyRange) {
  const MappedFile mapped(path_);
  DirectFile file(mapped);
  expect_all_ranges(file);
}

TEST_F(OnTmpfs, ReadsAnyRange) {
  const MappedFile mapped(path_);
  DirectFile file(mapped);
  expect_all_ranges(file);
}

// What the system answers, one after the other: an errno as a negative number, or a most number of bytes.
std::vector<ssize_t> script;
size_t n_reads = 0;
std::vector<bool> was_direct;

ssize_t scripted(int descriptor, void* buffer, size_t size, off_t offset) {
  was_direct.push_back((fcntl(descriptor, F_GETFL) & O_DIRECT) != 0);
  const ssize_t answer = n_reads < script.size() ? script[n_reads] : static_cast<ssize_t>(size);
  ++n_reads;
  if (answer < 0) {
    errno = static_cast<int>(-answer);
    return -1;
  }
  const ssize_t n = pread(descriptor, buffer, size, offset);
  return std::min(n, answer);
}

void follow(std::vector<ssize_t> answers) {
  script = std::move(answers);
  n_reads = 0;
  was_direct.clear();
}

TEST_F(DirectFileTest, GoesThroughThePageCacheWhereItMust) {
  const MappedFile mapped(path_);
  DirectFile file(mapped, scripted);
  follow({-EINVAL});
  expect_all_ranges(file);
  EXPECT_FALSE(file.is_direct());
  EXPECT_FALSE(was_direct.back());
  // And leaves nothing there.
  const int descriptor = open(path_.c_str(), O_RDONLY | O_CLOEXEC);
  ASSERT_EQ(fsync(descriptor), 0);
  ASSERT_EQ(posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED), 0);
  close(descriptor);
  const auto resident = [&] {
    std::vector<unsigned char> pages(kSize / 4096 + 1);
    EXPECT_EQ(mincore(const_cast<std::byte*>(mapped.bytes().data()), kSize, pages.data()), 0);
    return std::count_if(pages.begin(), pages.end(), [](unsigned char page) { return (page & 1) != 0; });
  };
  if (resident() != 0) GTEST_SKIP() << "a file system that is all page cache";
  expect_range(file, 5000, 9000);
  EXPECT_EQ(resident(), 0);
}

TEST_F(DirectFileTest, GoesOnAfterInterruptionsAndShortReads) {
  const MappedFile mapped(path_);
  DirectFile file(mapped, scripted);
  follow({-EINTR, 4096, -EINTR, -EINTR, 8192});
  expect_range(file, 0, kSize);
  EXPECT_EQ(n_reads, 6u);
  follow({1, 7, 5000});  // such numbers no disk gives; then alignment is lost
  expect_range(file, 0, kSize);
}

TEST_F(DirectFileTest, SaysWhereTheSystemFailed) {
  const MappedFile mapped(path_);
  DirectFile file(mapped, scripted);
  follow({8192, -EIO});
  const Failure failure = failure_of(file);
  EXPECT_EQ(failure.status(), GROK1_E_IO);
  EXPECT_EQ(failure.native_code(), EIO);
  EXPECT_NE(failure.message().find("byte 8192"), std::string::npos) << failure.message();
}

TEST_F(DirectFileTest, NoticesAFileThatShrinks) {
  const MappedFile mapped(path_);
  DirectFile file(mapped);
  std::filesystem::resize_file(path_, 10000);
  const Failure failure = failure_of(file);
  EXPECT_EQ(failure.status(), GROK1_E_BAD_FILE);
  EXPECT_EQ(failure.source(), uint32_t{GROK1_SOURCE_FILE});
  EXPECT_EQ(failure.offset(), 10000u);
}

TEST_F(DirectFileTest, NoticesAFileThatIsWrittenTo) {
  const MappedFile mapped(path_);
  DirectFile file(mapped);
  expect_range(file, 0, 100);
  std::ofstream(path_, std::ios::binary | std::ios::app) << "more";
  EXPECT_EQ(failure_of(file).status(), GROK1_E_BAD_FILE);
}

TEST_F(DirectFileTest, RefusesAnotherFileOfThatName) {
  const MappedFile mapped(path_);
  write(path_ + ".new");
  std::filesystem::rename(path_ + ".new", path_);
  EXPECT_THROW(DirectFile{mapped}, Failure);
  std::filesystem::remove(path_);
  try {
    DirectFile file(mapped);
    ADD_FAILURE() << "opened what is not there";
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.status(), GROK1_E_NOT_FOUND);
  }
}

}  // namespace
}  // namespace grok1
