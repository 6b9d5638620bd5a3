// Our tokenizer against Debian's SentencePiece, on random strings and random models. A fixed seed; the number of
// strings is 100,000 or GROK1_TEST_STRINGS.
#include <gtest/gtest.h>

#include <iostream>
#include <random>

#include "core/base/failure.h"
#include "core/tokenizer/detokenizer.h"
#include "tests/unit/tokenizer/model_builder.h"
#include "tests/unit/tokenizer/tokenizer_file.h"

#ifdef GROK1_HAVE_SENTENCEPIECE
#include <sentencepiece_processor.h>
#endif

namespace grok1::test {
namespace {

#ifndef GROK1_HAVE_SENTENCEPIECE

TEST(Oracle, SentencePiece) {
  std::cout << "skipped: built without libsentencepiece (Debian: libsentencepiece-dev)\n";
  GTEST_SKIP();
}

#else

using Ids = std::vector<int32_t>;
using Random = std::mt19937_64;

const std::string kWhole[] = {"the",
                              " of ",
                              "Elizabeth",
                              "hello",
                              "World",
                              "int main()",
                              "http://x.y/?a=1&b=2",
                              "don't",
                              "[BOS]",
                              "[EOS]",
                              "[PAD]",
                              "[UNK]",
                              "<|separator|>",
                              "<|mask|>",
                              "<|control1|>",
                              "<|control20|>",
                              "<|",
                              "|>",
                              "<s>",
                              "</s>",
                              "<0x0A>",
                              "<unk>",
                              "<|control",
                              "▁",
                              "▁▁",
                              "é",
                              "ñandú",
                              "straße",
                              "日本語",
                              "テスト",
                              "한국어",
                              "Привет",
                              "мир",
                              "العربية",
                              "עברית",
                              "हिन्दी",
                              "ไทย",
                              "🤖",
                              "🚀",
                              "👩‍👩‍👧",
                              "ﬁ",
                              "\xCC\x81",
                              "ＡＢ",
                              "\u3000",
                              "\u00A0",
                              "\uFFFD",
                              "\u200B",
                              "\U0010FFFF"};

// One part of a random text.
std::string part(Random& random) {
  const auto up_to = [&](size_t most) { return 1 + random() % most; };
  switch (random() % 12) {
    case 0: return std::string(up_to(20), ' ');
    case 1: return std::string(up_to(14), '\n');
    case 2: return std::string(up_to(10), '\t');
    case 3: return std::to_string(random() % 1'000'000'000);
    case 4: return std::string(1, '\0');
    case 5: return std::string(up_to(3), static_cast<char>(random() % 256));
    case 6: return std::string(up_to(60), static_cast<char>('a' + random() % 26));
    case 7:
    case 8: {
      std::string word(up_to(9), '\0');
      for (char& c : word) c = static_cast<char>('a' + random() % 26);
      return random() % 2 != 0 ? " " + word : word;
    }
    case 9: {  // a character cut short
      const std::string& whole = kWhole[random() % std::size(kWhole)];
      return whole.substr(0, random() % (whole.size() + 1));
    }
    default: return kWhole[random() % std::size(kWhole)];
  }
}

std::string random_text(Random& random) {
  std::string text;
  for (size_t n = random() % 12; n > 0; --n) text += part(random);
  return text;
}

// Independent of the library's own: code points by arithmetic.
bool is_valid_utf8(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const auto first = static_cast<unsigned char>(text[i]);
    const size_t size = first < 0x80 ? 1 : first >> 5 == 6 ? 2 : first >> 4 == 14 ? 3 : first >> 3 == 30 ? 4 : 0;
    if (size == 0 || i + size > text.size()) return false;
    uint32_t c = size == 1 ? first : first & (0x7Fu >> size);
    for (size_t k = 1; k < size; ++k) {
      const auto byte = static_cast<unsigned char>(text[i + k]);
      if (byte >> 6 != 2) return false;
      c = c << 6 | (byte & 0x3F);
    }
    const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (c < least[size] || (c >= 0xD800 && c < 0xE000) || c > 0x10FFFF) return false;
    i += size;
  }
  return true;
}

class Pair {
 public:
  explicit Pair(const std::string& bytes) : ours_(load_bytes(bytes)) {
    const auto status = oracle_.LoadFromSerializedProto(bytes);
    EXPECT_TRUE(status.ok()) << status.ToString();
  }

  const Tokenizer& ours() const { return *ours_; }
  const sentencepiece::SentencePieceProcessor& oracle() const { return oracle_; }

  Ids encode(const std::string& text) const {
    std::vector<int> wanted;
    EXPECT_TRUE(oracle_.Encode(text, &wanted).ok());
    const Ids found = ours_->encode(text);
    EXPECT_EQ(found, Ids(wanted.begin(), wanted.end())) << testing::PrintToString(text);
    return found;
  }

  void decode(const Ids& ids) const {
    std::string wanted, streamed;
    EXPECT_TRUE(oracle_.Decode(std::vector<int>(ids.begin(), ids.end()), &wanted).ok());
    EXPECT_EQ(ours_->decode(ids), wanted) << testing::PrintToString(ids);
    Detokenizer stream(ours_, -1);
    for (const int32_t id : ids) add(streamed, stream.push(id));
    add(streamed, stream.finish());
    EXPECT_EQ(streamed, wanted) << testing::PrintToString(ids);
  }

 private:
  static void add(std::string& text, const std::string& chunk) {
    EXPECT_TRUE(is_valid_utf8(chunk)) << testing::PrintToString(chunk);
    text += chunk;
  }

  std::shared_ptr<const Tokenizer> ours_;
  sentencepiece::SentencePieceProcessor oracle_;
};

size_t strings() {
  const char* given = std::getenv("GROK1_TEST_STRINGS");
  return given != nullptr ? std::stoul(given) : 100'000;
}

void compare_texts(const Pair& pair, size_t n, uint64_t seed) {
  Random random(seed);
  for (size_t i = 0; i < n && !testing::Test::HasFailure(); ++i) pair.decode(pair.encode(random_text(random)));
}

// Ids that no text gives: control and unknown pieces, bytes in any order.
void compare_ids(const Pair& pair, size_t n, uint64_t seed) {
  Random random(seed);
  const uint32_t size = pair.ours().size();
  std::vector<int32_t> byte_ids;
  for (uint32_t id = 0; id < size; ++id) {
    const auto signed_id = static_cast<int32_t>(id);
    if (pair.ours().piece(signed_id).kind == GROK1_PIECE_BYTE) byte_ids.push_back(signed_id);
  }
  for (size_t i = 0; i < n && !testing::Test::HasFailure(); ++i) {
    Ids ids(random() % 12);
    for (int32_t& id : ids) {
      const uint64_t choice = random() % 8;
      if (choice < 4 && !byte_ids.empty()) {
        id = byte_ids[(choice < 2 ? 128 + random() % 128 : random() % 256) % byte_ids.size()];
      } else {
        id = static_cast<int32_t>(random() % (choice < 6 ? std::min(size, 80u) : size));
      }
    }
    pair.decode(ids);
  }
}

void compare(const std::string& path) {
  const Pair pair(read_bytes(path));
  EXPECT_EQ(static_cast<int>(pair.ours().size()), pair.oracle().GetPieceSize());
  EXPECT_EQ(pair.ours().unk_id(), pair.oracle().unk_id());
  EXPECT_EQ(pair.ours().bos_id(), pair.oracle().bos_id());
  EXPECT_EQ(pair.ours().eos_id(), pair.oracle().eos_id());
  EXPECT_EQ(pair.ours().pad_id(), pair.oracle().pad_id());
  compare_texts(pair, strings(), 20240317);
  compare_ids(pair, strings() / 2, 20240318);
}

TEST(Oracle, DemoTokenizer) {
  compare(kDemoTokenizer);
}

TEST(Oracle, RealTokenizer) {
  if (real_tokenizer().empty()) {
    std::cout << "skipped: GROK1_TEST_TOKENIZER does not name Grok-1's tokenizer.model\n";
    GTEST_SKIP();
  }
  compare(real_tokenizer());
}

TEST(Oracle, LongRuns) {
  const Pair pair(read_bytes(kDemoTokenizer));
  for (const std::string& unit :
       {std::string("a"), std::string(" "), std::string("\n"), std::string("7"), std::string("\t"), std::string("\xF0"),
        std::string("\0", 1), std::string("é"), kSpace}) {
    std::string text;
    for (int i = 0; i < 20'000; ++i) text += unit;
    pair.decode(pair.encode(text));
  }
}

// Settings and kinds of pieces that Grok-1's tokenizer does not use: small random models with many ties.
std::string random_model(Random& random) {
  const auto chance = [&](uint64_t percent) { return random() % 100 < percent; };
  const std::string alphabet[] = {"a", "b", "c", "é", kSpace, " "};
  ModelSettings s{chance(50), chance(70), chance(50), chance(80)};
  std::string pieces = s.byte_fallback ? byte_pieces() : "";
  std::vector<std::string> known;
  const auto add = [&](const std::string& text, float score, uint32_t kind) {
    if (std::find(known.begin(), known.end(), text) != known.end()) return;
    known.push_back(text);
    pieces += piece(text, score, kind);
  };
  for (const std::string& letter : alphabet) {
    if (chance(80)) add(letter, -99, chance(10) ? GROK1_PIECE_UNUSED : GROK1_PIECE_NORMAL);
  }
  for (size_t n = random() % 60; n > 0; --n) {
    std::string text;
    for (size_t k = 2 + random() % 4; k > 0; --k) text += alphabet[random() % std::size(alphabet)];
    const uint32_t kind = chance(8) ? GROK1_PIECE_USER_DEFINED : chance(30) ? GROK1_PIECE_UNUSED : GROK1_PIECE_NORMAL;
    add(text, -static_cast<float>(random() % 6), kind);
  }
  return model(pieces, s);
}

TEST(Oracle, RandomModels) {
  Random random(11);
  const std::string letters[] = {"a", "b", "c", "é", kSpace, " ", "x", "\xE2\x96", "\xFF"};
  for (int round = 0; round < 1000 && !HasFailure(); ++round) {
    const Pair pair(random_model(random));
    for (int i = 0; i < 40 && !HasFailure(); ++i) {
      std::string text;
      for (size_t n = random() % 30; n > 0; --n) {
        const uint64_t choice = random() % 20;
        text += letters[choice < std::size(letters) ? choice : choice % 6];
      }
      pair.decode(pair.encode(text));
    }
    compare_ids(pair, 20, random());
  }
}

#endif

}  // namespace
}  // namespace grok1::test
