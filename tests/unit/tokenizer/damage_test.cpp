// A model file cut at every byte and with every bit flipped: refused, or it works as the model it then is.
#include <gtest/gtest.h>

#include "core/base/failure.h"
#include "core/tokenizer/merge.h"
#include "core/tokenizer/model_reader.h"
#include "core/tokenizer/normalize.h"
#include "tests/unit/tokenizer/model_builder.h"
#include "tests/unit/tokenizer/tokenizer_file.h"

namespace grok1::test {
namespace {

// True if the file was taken; then it must be able to cut a text so that the parts join to it.
bool works(std::string_view bytes) {
  const std::vector<char> exact(bytes.begin(), bytes.end());
  try {
    const auto vocabulary = read_tokenizer_model("damaged", {exact.data(), exact.size()});
    const std::string normalized = normalize(*vocabulary, "a ab \xFF the quick b\n\n12 <|separator|>é");
    std::string joined;
    for (const Segment& segment : merge(*vocabulary, normalized)) {
      EXPECT_LT(static_cast<size_t>(segment.id), vocabulary->pieces.size());
      joined += segment.text;
    }
    EXPECT_EQ(joined, normalized);
    return true;
  } catch (const Failure& failure) {
    EXPECT_TRUE(failure.status() == GROK1_E_BAD_FILE || failure.status() == GROK1_E_UNSUPPORTED) << failure.message();
    EXPECT_LE(failure.offset(), bytes.size()) << failure.message();
    EXPECT_EQ(failure.message().rfind("damaged: ", 0), 0u) << failure.message();
    return false;
  }
}

std::string small_model() {
  ModelSettings s;
  s.byte_fallback = true;
  return model(piece(kSpace, -3) + piece("a", -4) + piece("b", -5) + piece("ab", -1, GROK1_PIECE_UNUSED) +
                   piece("<|separator|>", 0, GROK1_PIECE_USER_DEFINED) + byte_pieces(),
               s);
}

TEST(TokenizerDamage, EveryTruncationOfASmallModel) {
  const std::string bytes = small_model();
  ASSERT_TRUE(works(bytes));
  size_t taken = 0;
  for (size_t size = 0; size < bytes.size(); ++size) taken += works({bytes.data(), size});
  // Only a cut between the two settings leaves a model, one with default settings.
  EXPECT_EQ(taken, 1u);
}

TEST(TokenizerDamage, EveryFlippedBitOfASmallModel) {
  const std::string bytes = small_model();
  size_t refused = 0;
  for (size_t i = 0; i < bytes.size() * 8; ++i) {
    std::string damaged = bytes;
    damaged[i / 8] = static_cast<char>(damaged[i / 8] ^ (1 << (i % 8)));
    refused += !works(damaged);
  }
  // Scores and the text of pieces hold most bits, and a changed one is another model, not a broken one.
  EXPECT_GT(refused, bytes.size() * 8 / 4);
}

TEST(TokenizerDamage, TruncationsOfTheDemoModel) {
  const std::string bytes = read_bytes(kDemoTokenizer);
  ASSERT_TRUE(works(bytes));
  for (size_t size = 0; size < bytes.size(); size += 37) works({bytes.data(), size});
}

}  // namespace
}  // namespace grok1::test
