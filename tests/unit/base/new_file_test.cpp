// Files that appear whole or not at all.
#include "core/base/new_file.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "core/base/failure.h"
#include "tests/unit/formats/temporary_folder.h"

namespace grok1 {
namespace {

namespace fs = std::filesystem;

class NewFileTest : public testing::Test {
 protected:
  const test::TemporaryFolder folder_;
  const std::string path_ = (folder_.path() / "file").string();

  static std::span<const std::byte> bytes(const std::string& text) { return std::as_bytes(std::span(text)); }
  std::string content() const { return (std::stringstream() << std::ifstream(path_, std::ios::binary).rdbuf()).str(); }
  size_t files() const {
    return static_cast<size_t>(std::distance(fs::directory_iterator(folder_.path()), fs::directory_iterator()));
  }
};

TEST_F(NewFileTest, AppearsWhole) {
  NewFile file(path_);
  file.append(bytes("before"));
  file.append_zeros(150);
  file.append({});
  file.append(bytes("behind"));
  EXPECT_EQ(file.size(), 162u);
  EXPECT_FALSE(fs::exists(path_));
  file.finish();
  EXPECT_EQ(content(), "before" + std::string(150, '\0') + "behind");
  EXPECT_EQ(files(), 1u);
}

TEST_F(NewFileTest, LeavesWhatWasThereUntilItIsWhole) {
  folder_.write("file", "old");
  {
    NewFile file(path_);
    file.append(bytes("new"));
    EXPECT_EQ(content(), "old");
  }
  EXPECT_EQ(content(), "old");
  EXPECT_EQ(files(), 1u) << "a part was left";
  NewFile file(path_);
  file.append(bytes("new"));
  file.finish();
  EXPECT_EQ(content(), "new");
}

TEST_F(NewFileTest, Refusals) {
  const auto status_of = [](const std::string& path) -> grok1_status {
    try {
      NewFile(path).finish();
    } catch (const Failure& failure) {
      EXPECT_NE(failure.message().find(path), std::string::npos) << failure.message();
      EXPECT_NE(failure.native_code(), 0);
      return failure.status();
    }
    return GROK1_OK;
  };
  EXPECT_EQ(status_of((folder_.path() / "none" / "file").string()), GROK1_E_NOT_FOUND);
  fs::create_directory(path_);
  folder_.write("file/inside", "x");
  EXPECT_EQ(status_of(path_), GROK1_E_IO) << "a folder has the name";
  EXPECT_EQ(files(), 1u) << "a part was left";
}

}  // namespace
}  // namespace grok1
