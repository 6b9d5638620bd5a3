// Pieces of a file look like the file.
#include "core/base/joined_file.h"

#include <gtest/gtest.h>

#include "core/base/failure.h"
#include "tests/unit/formats/temporary_folder.h"

namespace grok1 {
namespace {

class JoinedFileTest : public testing::Test {
 protected:
  JoinedFile join(std::vector<uint64_t> cuts) {
    cuts.push_back(text_.size());
    std::vector<std::string> paths;
    uint64_t begin = 0;
    for (const uint64_t end : cuts) {
      paths.push_back(folder_.write(std::to_string(paths.size()), text_.substr(begin, end - begin)));
      begin = end;
    }
    return JoinedFile(paths);
  }
  static std::string text(const JoinedFile& file, uint64_t offset, uint64_t size) {
    std::string read(size, '?');
    file.read(offset, std::as_writable_bytes(std::span(read)));
    return read;
  }

  const std::string text_ = "The answer to life the universe and everything";
  test::TemporaryFolder folder_;
};

TEST_F(JoinedFileTest, ReadsAcrossCuts) {
  for (const std::vector<uint64_t>& cuts :
       {std::vector<uint64_t>{}, {1}, {10}, {10, 10, 11}, {0, 45}, {5, 20, 30, 46}}) {
    const JoinedFile file = join(cuts);
    ASSERT_EQ(file.size(), text_.size());
    EXPECT_EQ(file.files().size(), cuts.size() + 1);
    for (uint64_t begin = 0; begin <= text_.size(); ++begin)
      for (uint64_t size = 0; size <= text_.size() - begin; ++size)
        ASSERT_EQ(text(file, begin, size), text_.substr(begin, size)) << begin << " " << size;
  }
}

TEST_F(JoinedFileTest, IsContiguousWithinAPiece) {
  const JoinedFile file = join({10, 20});
  const auto at = [&](uint64_t offset, uint64_t size) { return file.contiguous(offset, size); };
  EXPECT_EQ(at(0, 10), file.files()[0].bytes().data());
  EXPECT_EQ(at(12, 8), file.files()[1].bytes().data() + 2);
  EXPECT_EQ(at(20, 26), file.files()[2].bytes().data());
  EXPECT_EQ(at(0, 11), nullptr);
  EXPECT_EQ(at(19, 2), nullptr);
}

TEST_F(JoinedFileTest, SaysWhereAByteLies) {
  const JoinedFile file = join({10, 20});
  EXPECT_EQ(file.place(9).path, file.files()[0].path());
  EXPECT_EQ(file.place(10).path, file.files()[1].path());
  EXPECT_EQ(file.place(15).offset, 5u);
  EXPECT_EQ(file.place(text_.size()).path, file.files()[2].path());
  EXPECT_EQ(file.place(text_.size()).offset, text_.size() - 20);
}

TEST_F(JoinedFileTest, NoticesAChangeOfAnyPiece) {
  const JoinedFile file = join({10, 20});
  file.require_unchanged();
  folder_.write("1", "shorter");
  EXPECT_THROW(file.require_unchanged(), Failure);
}

}  // namespace
}  // namespace grok1
