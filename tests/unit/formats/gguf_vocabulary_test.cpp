// The vocabulary inside a GGUF file gives the ids that tokenizer.model gives: the demo model's in the tree, Grok-1's
// own where GROK1_TEST_TOKENIZER names it. And what is refused of a vocabulary.
#include "core/formats/gguf_vocabulary.h"

#include <gtest/gtest.h>

#include <ctime>
#include <iostream>

#include "tests/unit/formats/gguf_expect.h"
#include "tests/unit/formats/gguf_model.h"
#include "tests/unit/tokenizer/golden_ids.h"
#include "tests/unit/tokenizer/tokenizer_file.h"

namespace grok1::test {
namespace {

constexpr grok1_status kBad = GROK1_E_BAD_FILE, kNot = GROK1_E_UNSUPPORTED;

// A model of one layer with so many rows of embedding, and the vocabulary.
gguf::File model_with(const Tokenizer& tokenizer, bool as_normal) {
  gguf::File file = small_gguf();
  file.tensors[0].ne[1] = tokenizer.size();
  file.tensors[0].data.assign(size_t{tokenizer.size()} * 32 * 4, '\0');
  add_vocabulary(file, tokenizer, as_normal);
  return file;
}

std::shared_ptr<const Tokenizer> tokenizer_of(const gguf::File& file) {
  const TemporaryFolder folder;
  const auto source = open_model(folder.write("x.gguf", file.bytes()));
  auto pieces = source->vocabulary();
  if (!pieces) return nullptr;
  return Tokenizer::make(std::move(*pieces));
}

TEST(GgufVocabulary, OfTheDemoModel) {
  const auto wanted = Tokenizer::load(kDemoTokenizer);
  gguf::File file = model_with(*wanted, false);
  const auto found = tokenizer_of(file);
  ASSERT_EQ(found->size(), wanted->size());
  for (int32_t id = 0; id < static_cast<int32_t>(wanted->size()); ++id) {
    EXPECT_EQ(found->piece(id).text, wanted->piece(id).text);
    EXPECT_EQ(found->piece(id).score, wanted->piece(id).score);
    EXPECT_EQ(found->piece(id).kind, wanted->piece(id).kind);
  }
  EXPECT_EQ(found->unk_id(), wanted->unk_id());
  EXPECT_EQ(found->bos_id(), wanted->bos_id());
  EXPECT_EQ(found->eos_id(), wanted->eos_id());
  EXPECT_EQ(found->pad_id(), wanted->pad_id());
  std::string all = read_bytes(GROK1_TEST_DATA "/demo-model/sample.txt");
  for (const GoldenIds& golden : kGoldenIds) {
    EXPECT_EQ(found->encode(golden.text), wanted->encode(golden.text)) << golden.text;
    all += golden.text;
  }
  EXPECT_EQ(found->encode(all), wanted->encode(all));
  EXPECT_EQ(found->decode(found->encode(all)), wanted->decode(wanted->encode(all)));
}

TEST(GgufVocabulary, OfGrok1) {
  if (real_tokenizer().empty()) {
    std::cout << "skipped: GROK1_TEST_TOKENIZER does not name Grok-1's tokenizer.model\n";
    GTEST_SKIP();
  }
  const auto real = Tokenizer::load(real_tokenizer());
  // As converters have written it, and as it should be.
  for (const bool as_normal : {true, false}) {
    const auto found = tokenizer_of(model_with(*real, as_normal));
    for (const GoldenIds& golden : kGoldenIds) {
      EXPECT_EQ(found->encode(golden.text), golden.ids) << golden.text;
      EXPECT_EQ(found->decode(golden.ids), real->decode(golden.ids)) << golden.text;
    }
    for (int32_t id = 0; id < 131072; ++id) {
      const bool spaces = as_normal && id >= 32 && id <= 46;  // never come out of a text
      ASSERT_EQ(found->piece(id).kind == real->piece(id).kind, !spaces) << id;
    }
    EXPECT_EQ(found->pad_id(), 0);
    EXPECT_EQ(found->bos_id(), 1);
    EXPECT_EQ(found->eos_id(), 2);
    EXPECT_EQ(found->unk_id(), 3);
    const std::vector<int32_t> unknown = {3, 32, 46};
    EXPECT_EQ(found->decode(unknown), real->decode(unknown));
  }
}

// 131072 strings are only stepped over when a model is opened, and read when they are asked for.
TEST(GgufVocabulary, DoesNotSlowOpening) {
  if (real_tokenizer().empty()) {
    std::cout << "skipped: GROK1_TEST_TOKENIZER does not name Grok-1's tokenizer.model\n";
    GTEST_SKIP();
  }
  const TemporaryFolder folder;
  const std::string path = folder.write("x.gguf", model_with(*Tokenizer::load(real_tokenizer()), true).bytes());
  const auto milliseconds = [](auto&& work) {
    const std::clock_t start = std::clock();  // of the processor: others on the machine do not count
    work();
    return 1e3 * static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  };
  std::unique_ptr<TensorSource> source;
  const double open = milliseconds([&] { source = open_model(path); });
  const double read = milliseconds([&] { Tokenizer::make(*source->vocabulary()); });
  const double load = milliseconds([&] { Tokenizer::load(real_tokenizer()); });
  std::cout << "open " << open << " ms, vocabulary " << read << " ms; tokenizer.model " << load << " ms\n";
  EXPECT_LT(open, 50);
}

class SmallVocabulary : public testing::Test {
 protected:
  SmallVocabulary() {
    for (const char* text : {"<unk>", "<s>", "</s>", "a", "b", "ab", "\xE2\x96\x81", "\n"}) texts_.push_back(text);
  }

  gguf::File file() const {
    gguf::File out = small_gguf();
    std::string texts, scores, types;
    for (const std::string& text : texts_) texts += gguf::text(text);
    for (const float score : scores_) scores += gguf::number(std::bit_cast<uint32_t>(score), 4);
    for (const uint32_t type : types_) types += gguf::number(type, 4);
    out.entries.push_back(gguf::string("tokenizer.ggml.model", model_));
    out.entries.push_back(gguf::array("tokenizer.ggml.tokens", gguf::kString, texts_.size(), texts));
    out.entries.push_back(gguf::array("tokenizer.ggml.scores", gguf::kF32, scores_.size(), scores));
    out.entries.push_back(gguf::array("tokenizer.ggml.token_type", gguf::kI32, types_.size(), types));
    out.entries.insert(out.entries.end(), entries_.begin(), entries_.end());
    return out;
  }

  // The count of the key's array, or its value, is what is wrong.
  void expect_open_refused(const std::string& key, uint64_t shift, const std::string& words) {
    expect_bytes_refused(file().bytes(), kBad, position(file().bytes(), gguf::text(key)) + 8 + key.size() + shift,
                         key + ": " + words);
  }

  void expect_refused_when_read(grok1_status status, uint64_t at, const std::string& words) {
    const TemporaryFolder folder;
    const auto source = open_model(folder.write("x.gguf", file().bytes()));
    try {
      Tokenizer::make(*source->vocabulary());
      ADD_FAILURE() << "taken; wanted: " << words;
    } catch (const Failure& failure) {
      EXPECT_EQ(failure.status(), status) << failure.message();
      EXPECT_EQ(failure.offset(), at) << failure.message();
      EXPECT_NE(failure.message().find(words), std::string::npos) << failure.message();
    }
  }

  std::string model_ = "llama";
  std::vector<std::string> texts_;
  std::vector<float> scores_ = {0, 0, 0, -1, -2, -3, -4, 0};
  std::vector<uint32_t> types_ = {2, 3, 3, 1, 1, 1, 1, 4};
  std::vector<std::string> entries_;
};

TEST_F(SmallVocabulary, SettingsThatTheFileStates) {
  entries_ = {gguf::u32("tokenizer.ggml.bos_token_id", 1), gguf::u32("tokenizer.ggml.eos_token_id", 2)};
  auto tokenizer = tokenizer_of(file());
  EXPECT_EQ(tokenizer->encode("ab"), (std::vector<int32_t>{6, 5}));
  EXPECT_EQ(tokenizer->encode("\n"), (std::vector<int32_t>{6, 7}));
  EXPECT_EQ(tokenizer->bos_id(), 1);
  EXPECT_EQ(tokenizer->eos_id(), 2);
  EXPECT_EQ(tokenizer->pad_id(), -1);
  EXPECT_EQ(tokenizer->unk_id(), 0);
  entries_.push_back(gguf::flag("tokenizer.ggml.add_space_prefix", false));
  EXPECT_EQ(tokenizer_of(file())->encode("a  b"), (std::vector<int32_t>{3, 6, 6, 4}));
  entries_.push_back(gguf::flag("tokenizer.ggml.remove_extra_whitespaces", true));
  EXPECT_EQ(tokenizer_of(file())->encode("a  b"), (std::vector<int32_t>{3, 6, 4}));
}

// A file whose types leave the unknown piece out names it by a key.
TEST_F(SmallVocabulary, TheUnknownPiece) {
  types_[0] = 1;
  expect_refused_when_read(kBad, 0, "an unknown piece wanted");
  entries_ = {gguf::u32("tokenizer.ggml.unknown_token_id", 0)};
  EXPECT_EQ(tokenizer_of(file())->unk_id(), 0);
}

TEST_F(SmallVocabulary, CountsThatDisagree) {
  const uint64_t count = 4 + 4;  // behind the types of the value and of its elements
  texts_.push_back("c");
  expect_open_refused("tokenizer.ggml.tokens", count, "8 elements wanted, as token_embd.weight has rows, found 9");
  texts_.resize(7);
  expect_open_refused("tokenizer.ggml.tokens", count, "8 elements wanted, as token_embd.weight has rows, found 7");
  texts_.push_back("\n");
  scores_.pop_back();
  expect_open_refused("tokenizer.ggml.scores", count, "8 elements wanted, as token_embd.weight has rows, found 7");
  scores_.push_back(0);
  types_.push_back(1);
  expect_open_refused("tokenizer.ggml.token_type", count, "8 elements wanted, as token_embd.weight has rows, found 9");
  types_.pop_back();
  for (const char* key :
       {"tokenizer.ggml.bos_token_id", "tokenizer.ggml.eos_token_id", "tokenizer.ggml.padding_token_id"}) {
    entries_ = {gguf::u32(key, 8)};
    expect_open_refused(key, 4, "an integer of 0 to 7 wanted, found 8");
  }
  entries_ = {gguf::u32("tokenizer.ggml.unknown_token_id", 8)};
  types_[0] = 1;
  expect_refused_when_read(kBad, file().bytes().find(entries_[0]) + entries_[0].size() - 4, "found 8");
}

TEST_F(SmallVocabulary, PiecesThatAreNone) {
  types_[4] = 0;
  const auto at_type = [&](uint64_t i) {
    return position(file().bytes(), gguf::text("tokenizer.ggml.token_type")) + 8 + 25 + 16 + 4 * i;
  };
  expect_refused_when_read(kBad, at_type(4), "a type of 1 to 6 wanted, found 0");
  types_[4] = 7;
  expect_refused_when_read(kBad, at_type(4), "found 7");
  types_[4] = 1;
  texts_[4] = "a";
  expect_refused_when_read(kBad, position(file().bytes(), gguf::text("a") + gguf::text("a")) + 9, "piece 4: 'a' is");
  texts_[4] = "\xFF";
  expect_refused_when_read(kBad, position(file().bytes(), gguf::text("\xFF")), "piece 4: a text in UTF-8");
  texts_[4] = "";
  expect_refused_when_read(kBad, position(file().bytes(), gguf::text("a") + gguf::text("")) + 9, "found an empty one");
  texts_[4] = std::string(1025, 'x');
  expect_refused_when_read(kBad, position(file().bytes(), gguf::text(texts_[4])), "at most 1024 wanted, found 1025");
  texts_[4] = "b";
  scores_[4] = std::nanf("");
  expect_refused_when_read(kBad, position(file().bytes(), gguf::text("b")), "piece 4: a finite score");
}

TEST_F(SmallVocabulary, OtherKindsAreRefusedWhenRead) {
  model_ = "gpt2";
  const uint64_t at = position(file().bytes(), gguf::text("tokenizer.ggml.model")) + 8 + 20 + 4;
  expect_refused_when_read(kNot, at, "llama (SentencePiece) wanted, found \"gpt2\"");
  model_ = "none";
  EXPECT_EQ(tokenizer_of(file()), nullptr);
  model_ = "llama";
  entries_ = {gguf::array("tokenizer.ggml.precompiled_charsmap", gguf::kU8, 1, "x")};
  expect_refused_when_read(kNot, position(file().bytes(), entries_[0]) + 8 + 35 + 8, "no table of characters");
  entries_ = {gguf::array("tokenizer.ggml.precompiled_charsmap", gguf::kU8, 0, "")};
  EXPECT_NE(tokenizer_of(file()), nullptr);
}

}  // namespace
}  // namespace grok1::test
