// The pickle writer at Grok-1's full size, where no file can be made for a test: header sizes against the published
// files.
#include "samples/cli/pickle_writer.h"

#include <gtest/gtest.h>

namespace cli {
namespace {

uint64_t file_size(const std::vector<PicklePiece>& pieces) {
  uint64_t size = 0;
  for (const PicklePiece& piece : pieces) size += piece.bytes.size() + piece.payload;
  return size;
}

// The offset of the embedding's data in the published tensor00000_000, as readers of the real file report it.
TEST(PickleWriter, EmbeddingBeginsAtByte151) {
  const auto pieces = pickle_array({ElementType::kFloat32, {131072, 6144}});
  EXPECT_EQ(pieces[0].bytes.size(), 151u);
  EXPECT_EQ(pieces[0].payload, 3221225472u);
}

// The sizes that the file listing of the release shows.
TEST(PickleWriter, ExpertFilesHaveThePublishedSizes) {
  EXPECT_EQ(
      file_size(pickle_quantized({ElementType::kInt8, {8, 6144, 32768}}, {ElementType::kBfloat16, {8, 1, 32768}})),
      1611137347u);
  EXPECT_EQ(file_size(pickle_quantized({ElementType::kInt8, {8, 32768, 6144}}, {ElementType::kBfloat16, {8, 8, 6144}})),
            1611399491u);
}

// PEP 3154: BINBYTES has a 32-bit length, BINBYTES8 a 64-bit one.
TEST(PickleWriter, DataOf4GibHasA64BitLength) {
  const auto below = pickle_array({ElementType::kInt8, {0xffffffff / 5, 5}});
  EXPECT_EQ(below[0].bytes.substr(below[0].bytes.size() - 5), "B\xff\xff\xff\xff");
  const auto above = pickle_array({ElementType::kInt8, {1 << 16, 1 << 16}});
  EXPECT_EQ(above[0].bytes.substr(above[0].bytes.size() - 9), std::string("\x8e\0\0\0\0\1\0\0\0", 9));
}

}  // namespace
}  // namespace cli
