// Sizes in other encodings by the published shapes of Grok-1, worked out by hand, and of a golden case whose rows are
// not of whole blocks.
#include "core/convert/encoding_sizes.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "core/base/encoding.h"
#include "grok1.h"
#include "tests/unit/formats/sparse_grok1.h"
#include "tests/unit/formats/temporary_folder.h"

namespace grok1::test {
namespace {

TEST(EncodingSizes, OfGrok1) {
  TemporaryFolder folder;
  write_sparse_grok1(folder.path());
  const auto source = open_model(folder.path().string());
  // docs/formats/ckpt-0.md: 131072 x 6144; and of each of 64 layers the experts, four attention matrices, a router of
  // 6144 x 8 and four norms of 6144; the final norm.
  const uint64_t d = 6144, experts = uint64_t{3} * 8 * d * 32768, attention = 2 * d * d + 2 * d * 1024;
  const uint64_t matrices = 131072 * d + 64 * (experts + attention), rest = 64 * (8 * d + 4 * d) + d;
  EXPECT_EQ(count_weights(*source), matrices + rest);
  EXPECT_EQ(bytes_encoded(*source, GROK1_ENCODING_Q8_0), matrices / 32 * 34 + 4 * rest);
  // The embedding, which is the head too, gets Q6_K (210 bytes) where that is more.
  const uint64_t inner = matrices - 131072 * d, rest_and_embedding = 4 * rest + 131072 * d / 256 * 210;
  EXPECT_EQ(bytes_encoded(*source, GROK1_ENCODING_Q4_K), inner / 256 * 144 + rest_and_embedding);
  EXPECT_EQ(bytes_encoded(*source, GROK1_ENCODING_Q2_K), inner / 256 * 84 + rest_and_embedding);
}

// `tiny` has d 64, ffn 344: a multiple of 8 only, so down becomes F16; rows of 64 are no whole blocks of
// 256 and become Q8_0.
TEST(EncodingSizes, RowsThatAreNotOfWholeBlocks) {
  const auto source = open_model(std::string(GROK1_TEST_DATA) + "/tiny");
  const uint64_t in_blocks = 256 * 64 + 2 * (2 * 8 * 64 * 344 + 64 * 256 + 2 * 64 * 128 + 256 * 64);
  const uint64_t down = 2 * 8 * 344 * 64, rest = 2 * (64 * 8 + 4 * 64) + 64;
  EXPECT_EQ(bytes_encoded(*source, GROK1_ENCODING_Q8_0), in_blocks / 32 * 34 + 2 * down + 4 * rest);
  const uint64_t inputs_of_256 = 2 * 256 * 64;  // attention's output matrix
  EXPECT_EQ(bytes_encoded(*source, GROK1_ENCODING_Q4_K),
            inputs_of_256 / 256 * 144 + (in_blocks - inputs_of_256) / 32 * 34 + 2 * down + 4 * rest);
}

TEST(EncodingSizes, FromTheLargestToTheSmallest) {
  const std::vector<uint32_t>& all = convertible_encodings();
  ASSERT_GE(all.size(), 6u);
  EXPECT_EQ(all.front(), uint32_t{GROK1_ENCODING_Q8_0});
  for (size_t i = 1; i < all.size(); ++i) {
    const EncodingShape a = encoding_shape(all[i - 1]), b = encoding_shape(all[i]);
    EXPECT_GE(a.bytes * b.elements, b.bytes * a.elements) << encoding_name(all[i]);
  }
  for (const uint32_t wanted : {GROK1_ENCODING_Q6_K, GROK1_ENCODING_Q4_K, GROK1_ENCODING_Q2_K})
    EXPECT_EQ(std::count(all.begin(), all.end(), wanted), 1);
}

}  // namespace
}  // namespace grok1::test
