#include "core/tokenizer/detokenizer.h"

#include <gtest/gtest.h>

#include "core/base/failure.h"
#include "tests/unit/tokenizer/model_builder.h"
#include "tests/unit/tokenizer/tokenizer_file.h"

namespace grok1::test {
namespace {

// <unk> 0, <s> 1, </s> 2, ▁ 3, ▁a 4, b 5, ▁▁c 6, |u| 7 user-defined, bytes from 8.
constexpr int32_t kByte0 = 8;

std::shared_ptr<const Tokenizer> small(bool remove_extra = false, bool dummy_prefix = true) {
  ModelSettings s;
  s.byte_fallback = true;
  s.remove_extra_whitespaces = remove_extra;
  s.add_dummy_prefix = dummy_prefix;
  return load_bytes(model(piece(kSpace) + piece(kSpace + "a") + piece("b") + piece(kSpace + kSpace + "c") +
                              piece("|u|", 0, GROK1_PIECE_USER_DEFINED) + byte_pieces(),
                          s));
}

TEST(Decode, RemovesOneSpaceBeforeTheFirstWord) {
  const auto tokenizer = small();
  const auto decode = [&](std::vector<int32_t> ids) { return tokenizer->decode(ids); };
  EXPECT_EQ(decode({4, 4, 5}), "a ab");
  EXPECT_EQ(decode({3, 4}), " a");
  EXPECT_EQ(decode({6}), " c");
  EXPECT_EQ(decode({1, 4, 2}), "a");   // control pieces are nothing
  EXPECT_EQ(decode({7, 4}), "|u| a");  // not at the start any more
  EXPECT_EQ(decode({}), "");
  EXPECT_EQ(decode({3}), "");
}

TEST(Decode, SpacesByTheSettings) {
  EXPECT_EQ(small(true)->decode(std::vector<int32_t>{3, 3, 4, 4}), "a a");
  EXPECT_EQ(small(false, false)->decode(std::vector<int32_t>{3, 4}), "  a");
}

TEST(Decode, UnknownPiecesHaveASurface) {
  EXPECT_EQ(small()->decode(std::vector<int32_t>{5, 0, 5}), "b \xE2\x81\x87 b");
  const auto named = load_bytes(model(piece("b")) + bytes_field(2, bytes_field(44, "[UNK]")));
  EXPECT_EQ(named->decode(std::vector<int32_t>{3, 0, 3}), "b[UNK]b");
}

TEST(Decode, BytesThatFormNoCharacterAreReplaced) {
  const auto decode = [](std::vector<int> bytes) {
    std::vector<int32_t> ids;
    for (const int byte : bytes) ids.push_back(byte < 0 ? 5 : kByte0 + byte);
    return small()->decode(ids);
  };
  const std::string replacement = "\xEF\xBF\xBD";
  EXPECT_EQ(decode({0xC3, 0xA9}), "\xC3\xA9");
  EXPECT_EQ(decode({0xC3, -1, 0xA9}), replacement + "b" + replacement);
  EXPECT_EQ(decode({0xF0, 0x9F, 0xA4, 0x41}), replacement + replacement + replacement + "A");
  EXPECT_EQ(decode({0xED, 0xA0, 0x80}), replacement + replacement + replacement);  // a surrogate
  EXPECT_EQ(decode({0x00}), std::string(1, '\0'));
}

TEST(Detokenizer, WaitsForWholeCharacters) {
  Detokenizer stream(small(), -1);
  EXPECT_EQ(stream.push(kByte0 + 0xF0), "");
  EXPECT_EQ(stream.push(kByte0 + 0x9F), "");
  EXPECT_EQ(stream.push(kByte0 + 0x9A), "");
  EXPECT_EQ(stream.push(kByte0 + 0x80), "🚀");
  EXPECT_EQ(stream.push(kByte0 + 0xE2), "");
  EXPECT_EQ(stream.push(5),
            "\xEF\xBF\xBD"
            "b");
  EXPECT_EQ(stream.push(kByte0 + 0xE2), "");
  EXPECT_EQ(stream.push(kByte0 + 0x41),
            "\xEF\xBF\xBD"
            "A");
  EXPECT_EQ(stream.push(kByte0 + 0xE2), "");
  EXPECT_EQ(stream.finish(), "\xEF\xBF\xBD");
  EXPECT_EQ(stream.finish(), "");
}

TEST(Detokenizer, KeepsTheSpaceOfAContinuedText) {
  EXPECT_EQ(Detokenizer(small(), -1).push(4), "a");
  EXPECT_EQ(Detokenizer(small(), 5).push(4), " a");
  EXPECT_EQ(Detokenizer(small(), 1).push(4), "a");  // BOS begins a text
  Detokenizer stream(small(), 5);
  stream.push(5);
  stream.finish();
  EXPECT_EQ(stream.push(4), "a");  // begins anew
}

TEST(Detokenizer, AnUnknownIdChangesNothing) {
  const auto tokenizer = small();
  Detokenizer stream(tokenizer, -1);
  EXPECT_EQ(stream.push(kByte0 + 0xC3), "");
  for (const int32_t id : {-1, static_cast<int32_t>(tokenizer->size()), INT32_MAX, INT32_MIN}) {
    try {
      stream.push(id);
      ADD_FAILURE() << id;
    } catch (const Failure& failure) {
      EXPECT_EQ(failure.status(), GROK1_E_OUT_OF_RANGE);
    }
    EXPECT_THROW(tokenizer->decode({&id, 1}), Failure);
    if (id != -1) {
      EXPECT_THROW(Detokenizer(tokenizer, id), Failure);
    }
  }
  EXPECT_EQ(stream.push(kByte0 + 0xA9), "é");
}

}  // namespace
}  // namespace grok1::test
