// Encoding, on small models whose right answer can be worked out by hand, and its speed on long runs.
#include <gtest/gtest.h>

#include <chrono>

#include "core/base/failure.h"
#include "tests/unit/tokenizer/model_builder.h"
#include "tests/unit/tokenizer/tokenizer_file.h"

namespace grok1::test {
namespace {

using Ids = std::vector<int32_t>;

Ids encode(const std::string& bytes, std::string_view text) {
  return load_bytes(bytes)->encode(text);
}

TEST(Encode, MergesTheBestScoreFirst) {
  // 3 ▁, 4 a, 5 b, 6 c, 7 ab (worse), 8 bc (better)
  const std::string pieces = piece(kSpace, -9) + piece("a", -9) + piece("b", -9) + piece("c", -9) + piece("ab", -2);
  EXPECT_EQ(encode(model(pieces + piece("bc", -1)), "abc"), (Ids{3, 4, 8}));
  EXPECT_EQ(encode(model(pieces + piece("bc", -3)), "abc"), (Ids{3, 7, 6}));
}

TEST(Encode, TakesTheLeftmostOfEqualScores) {
  const std::string pieces = piece(kSpace, -9) + piece("a", -9) + piece("aa", -1);
  EXPECT_EQ(encode(model(pieces), "aaaaa"), (Ids{3, 5, 5, 4}));
}

TEST(Encode, ReachesLongPiecesOnlyThroughShorterOnes) {
  const std::string pieces = piece("a", -9) + piece("b", -9) + piece("c", -9) + piece("abc", -1);
  ModelSettings plain;
  plain.add_dummy_prefix = false;
  EXPECT_EQ(encode(model(pieces, plain), "abc"), (Ids{3, 4, 5}));
  EXPECT_EQ(encode(model(pieces + piece("bc", -5), plain), "abc"), (Ids{6}));
}

TEST(Encode, UserDefinedPiecesComeFirstAndNeverMerge) {
  // 3 ▁, 4 a, 5 b, 6 ab, 7 <x>, 8 <x>y, 9 a<x>
  const std::string pieces = piece(kSpace, -9) + piece("a", -9) + piece("b", -9) + piece("ab", -1) +
                             piece("<x>", 0, GROK1_PIECE_USER_DEFINED) + piece("<x>y", 0, GROK1_PIECE_USER_DEFINED) +
                             piece("a<x>", -1);
  EXPECT_EQ(encode(model(pieces), "ab<x>yab<x>"), (Ids{3, 6, 8, 6, 7}));
  EXPECT_EQ(encode(model(pieces), "a<x>"), (Ids{3, 4, 7}));
}

TEST(Encode, UnusedPiecesComeApart) {
  // 3 a, 4 b, 5 ab unused, 6 abab
  const std::string pieces = piece("a", -9) + piece("b", -9) + piece("ab", -1, GROK1_PIECE_UNUSED) + piece("abab", -2);
  ModelSettings plain;
  plain.add_dummy_prefix = false;
  EXPECT_EQ(encode(model(pieces, plain), "ab"), (Ids{3, 4}));
  EXPECT_EQ(encode(model(pieces, plain), "ababab"), (Ids{6, 3, 4}));
}

TEST(Encode, UnknownCharactersAreOnePieceOrBytes) {
  const std::string letters = piece(kSpace, -9) + piece("a", -9);
  EXPECT_EQ(encode(model(letters), "axyzax"), (Ids{3, 4, 0, 4, 0}));
  ModelSettings bytes;
  bytes.byte_fallback = true;
  EXPECT_EQ(encode(model(letters + byte_pieces(), bytes), "a\xC3\xA9"), (Ids{3, 4, 5 + 0xC3, 5 + 0xA9}));
  // A byte that is no character is read as U+FFFD.
  EXPECT_EQ(encode(model(letters + byte_pieces(), bytes), "\xFF"), (Ids{3, 5 + 0xEF, 5 + 0xBF, 5 + 0xBD}));
}

TEST(Encode, ControlPiecesAreNeverMadeFromText) {
  const std::string letters = piece("<", -9) + piece("s", -9) + piece(">", -9) + piece("<s", -1);
  ModelSettings plain;
  plain.add_dummy_prefix = false;
  EXPECT_EQ(encode(model(letters, plain), "<s>"), (Ids{6, 5}));
}

TEST(Encode, SpacesByTheSettings) {
  const std::string letters = piece(kSpace, -9) + piece("a", -9) + piece(" ", -9);
  ModelSettings s;
  EXPECT_EQ(encode(model(letters, s), " a  a "), (Ids{3, 3, 4, 3, 3, 4, 3}));
  EXPECT_EQ(encode(model(letters, s), ""), (Ids{}));
  s.remove_extra_whitespaces = true;
  EXPECT_EQ(encode(model(letters, s), "  a   a  "), (Ids{3, 4, 3, 4}));
  EXPECT_EQ(encode(model(letters, s), "   "), (Ids{}));
  s.add_dummy_prefix = false;
  EXPECT_EQ(encode(model(letters, s), "  a"), (Ids{4}));
  s.escape_whitespaces = false;
  EXPECT_EQ(encode(model(letters, s), "a a"), (Ids{4, 5, 4}));
}

// Minutes if it were quadratic; a second or two is generous.
TEST(Encode, AMegabyteOfAnythingTakesNoTime) {
  const auto tokenizer = Tokenizer::load(kDemoTokenizer);
  for (const std::string& unit : {std::string("a"), std::string(" "), std::string("\n"), std::string("\xFF"),
                                  std::string("\0", 1), std::string("ab"), std::string("the "), kSpace}) {
    std::string text;
    while (text.size() < 1u << 20) text += unit;
    const auto start = std::chrono::steady_clock::now();
    const Ids ids = tokenizer->encode(text);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    EXPECT_GT(ids.size(), 1000u);
    EXPECT_LT(seconds.count(), 20.0) << testing::PrintToString(unit);  // sanitizers and a busy machine included
  }
}

TEST(Encode, TooLongATextIsRefused) {
  const auto tokenizer = Tokenizer::load(kDemoTokenizer);
  // Never read: the size alone decides.
  const std::string_view text(kDemoTokenizer.data(), (512u << 20) + 1);
  try {
    tokenizer->encode(text);
    ADD_FAILURE();
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.status(), GROK1_E_INVALID_ARGUMENT);
  }
}

TEST(Pieces, AreGivenByTheirIds) {
  const auto tokenizer = load_bytes(model(piece("ab", -2.5f, GROK1_PIECE_UNUSED)));
  EXPECT_EQ(tokenizer->size(), 4u);
  EXPECT_EQ(tokenizer->piece(3).text, "ab");
  EXPECT_EQ(tokenizer->piece(3).score, -2.5f);
  EXPECT_EQ(tokenizer->piece(3).kind, uint32_t{GROK1_PIECE_UNUSED});
  EXPECT_EQ(tokenizer->unk_id(), 0);
  EXPECT_EQ(tokenizer->bos_id(), 1);
  EXPECT_EQ(tokenizer->eos_id(), 2);
  EXPECT_EQ(tokenizer->pad_id(), -1);
  EXPECT_EQ(tokenizer->longest_piece(), 5u);
  for (const int32_t id : {-1, 4, INT32_MIN, INT32_MAX}) {
    try {
      tokenizer->piece(id);
      ADD_FAILURE() << id;
    } catch (const Failure& failure) {
      EXPECT_EQ(failure.status(), GROK1_E_OUT_OF_RANGE);
    }
  }
}

}  // namespace
}  // namespace grok1::test
