#include "core/base/mapped_file.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <vector>

#include "core/base/failure.h"

namespace grok1 {
namespace {

class MappedFileTest : public testing::Test {
 protected:
  void SetUp() override {
    path_ = testing::TempDir() + "grok1_mapped_file_" + testing::UnitTest::GetInstance()->current_test_info()->name();
    std::ofstream(path_) << "hello";
  }
  void TearDown() override { std::filesystem::remove_all(path_); }
  std::string path_;
};

grok1_status status_of(const std::string& path) {
  try {
    MappedFile file(path);
  } catch (const Failure& failure) {
    EXPECT_NE(failure.message().find(path), std::string::npos) << failure.message();
    return failure.status();
  }
  return GROK1_OK;
}

TEST_F(MappedFileTest, ShowsTheBytes) {
  const MappedFile file(path_);
  ASSERT_EQ(file.size(), 5u);
  EXPECT_EQ(std::to_integer<char>(file.bytes()[1]), 'e');
}

TEST_F(MappedFileTest, EmptyFileIsEmpty) {
  std::ofstream(path_, std::ios::trunc);
  EXPECT_TRUE(MappedFile(path_).bytes().empty());
}

TEST_F(MappedFileTest, RefusesWhatIsNoFile) {
  EXPECT_EQ(status_of(path_ + ".absent"), GROK1_E_NOT_FOUND);
  EXPECT_EQ(status_of(path_ + "/below"), GROK1_E_NOT_FOUND);
  EXPECT_EQ(status_of(testing::TempDir()), GROK1_E_IO);
  EXPECT_EQ(status_of("/dev/null"), GROK1_E_IO);
}

TEST_F(MappedFileTest, NoticesAChange) {
  const MappedFile file(path_);
  EXPECT_NO_THROW(file.require_unchanged());
  std::filesystem::resize_file(path_, 3);
  EXPECT_THROW(file.require_unchanged(), Failure);
}

TEST_F(MappedFileTest, OutlivesItsName) {
  const MappedFile file(path_);
  std::filesystem::remove(path_);
  EXPECT_NO_THROW(file.require_unchanged());
  std::ofstream(path_) << "another";
  EXPECT_NO_THROW(file.require_unchanged());
  EXPECT_EQ(std::to_integer<char>(file.bytes()[4]), 'o');
}

TEST_F(MappedFileTest, KeepsNoDescriptor) {
  std::vector<MappedFile> files;
  for (int i = 0; i < 3000; ++i) files.emplace_back(path_);  // more than a process may have open
  EXPECT_EQ(files.back().size(), 5u);
}

}  // namespace
}  // namespace grok1
