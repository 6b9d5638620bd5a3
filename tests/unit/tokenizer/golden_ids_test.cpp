// Ids that SentencePiece 0.1.97 gave for Grok-1's own tokenizer. GROK1_TEST_TOKENIZER names the file; it is not part of
// the tree.
#include <gtest/gtest.h>

#include <iostream>

#include "tests/unit/tokenizer/golden_ids.h"
#include "tests/unit/tokenizer/tokenizer_file.h"

namespace grok1::test {
namespace {

TEST(GoldenIds, OfTheRealTokenizer) {
  if (real_tokenizer().empty()) {
    std::cout << "skipped: GROK1_TEST_TOKENIZER does not name Grok-1's tokenizer.model\n";
    GTEST_SKIP();
  }
  const auto tokenizer = Tokenizer::load(real_tokenizer());
  for (const GoldenIds& golden : kGoldenIds) {
    EXPECT_EQ(tokenizer->encode(golden.text), golden.ids) << golden.text;
    EXPECT_EQ(tokenizer->decode(golden.ids), golden.text == "▁a" ? " a" : golden.text);
  }
  EXPECT_EQ(tokenizer->size(), 131072u);
  EXPECT_EQ(tokenizer->pad_id(), 0);
  EXPECT_EQ(tokenizer->bos_id(), 1);
  EXPECT_EQ(tokenizer->eos_id(), 2);
  EXPECT_EQ(tokenizer->unk_id(), 3);
  EXPECT_EQ(tokenizer->piece(325).text, "▁▁");
  EXPECT_EQ(tokenizer->piece(131071).score, -130746.0f);
}

}  // namespace
}  // namespace grok1::test
