// The trained demo model against the figures in its README, which xAI's own code computed: greedy text and perplexity.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "tests/golden/engine.h"

namespace golden {
namespace {

const std::string kModel = std::string(GROK1_TEST_DATA) + "/demo-model";
constexpr size_t kWindow = 256;       // tokens, of the README's perplexities
constexpr double kTolerance = 0.005;  // the half a percent; bf16 instead of float32 changes 0.1 %

const std::string kPrompt = "It is a truth universally acknowledged, that";
const std::vector<int32_t> kPromptTokens = {642, 419, 312, 1953, 523, 1986, 1231, 613, 1864, 789, 833, 1999, 387};
const std::vector<int32_t> kGreedy = {373,  419,  367,  346, 320, 1073, 326, 340, 312, 624, 1318, 335,
                                      320,  1073, 2003, 355, 496, 781,  355, 587, 413, 461, 346,  312,
                                      1702, 569,  326,  512, 368, 1999, 336, 355, 496, 781, 355,  587,
                                      367,  413,  691,  335, 373, 2003, 355, 496, 781, 355, 587,  367};
const std::string kGreedyText =
    " it is not in the world to be a great deal of the world. I am sure I should have been in a hurry to see you, and "
    "I "
    "am sure I should not have thought of it. I am sure I should not";

std::vector<int32_t> encode(const Engine& engine, const std::string& text) {
  const auto tokenizer =
      make<Tokenizer>([&](auto** out, auto* err) { return grok1_model_tokenizer(engine.model(), out, err); });
  grok1_error err = GROK1_INIT(grok1_error);
  size_t count = 0;
  check(grok1_tokenizer_encode(tokenizer.get(), text.data(), text.size(), nullptr, 0, &count, &err), err);
  std::vector<int32_t> tokens(count);
  check(grok1_tokenizer_encode(tokenizer.get(), text.data(), text.size(), tokens.data(), count, &count, &err), err);
  return tokens;
}

std::string read_text(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::runtime_error(path + " cannot be read");
  return (std::stringstream() << in.rdbuf()).str();
}

// Windows of kWindow inputs one after the other, each with the next token of every input as target.
double perplexity(const Engine& engine, const std::vector<int32_t>& tokens) {
  const size_t vocab = engine.info().vocab_size;
  std::vector<float> row(vocab);
  double sum = 0;
  size_t n = 0;
  for (size_t begin = 0; begin + kWindow < tokens.size(); begin += kWindow) {
    const Sequence sequence = engine.sequence();
    const auto first = tokens.begin() + static_cast<ptrdiff_t>(begin);
    engine.decode({{sequence.get(), {first, first + kWindow}}});
    for (size_t i = 0; i < kWindow; ++i, ++n) {
      grok1_error err = GROK1_INIT(grok1_error);
      check(grok1_sequence_log_probabilities(sequence.get(), i, row.data(), vocab, &err), err);
      sum -= row[static_cast<size_t>(first[static_cast<ptrdiff_t>(i) + 1])];
    }
  }
  return std::exp(sum / static_cast<double>(n));
}

class DemoModel : public testing::TestWithParam<std::string> {
 protected:
  const Engine engine_{kModel, {.device = GetParam(), .cache_type = GROK1_CACHE_F32}};
};

TEST_P(DemoModel, PromptTokens) {
  EXPECT_EQ(encode(engine_, kPrompt), kPromptTokens);
}

TEST_P(DemoModel, GreedyTokens) {
  const Sequence sequence = engine_.sequence();
  std::vector<int32_t> next = kPromptTokens, found;
  for (size_t i = 0; i < kGreedy.size(); ++i) {
    const std::vector<float> logits = engine_.decode({{sequence.get(), next}}).front();
    const auto row = logits.end() - engine_.info().vocab_size;
    found.push_back(static_cast<int32_t>(std::max_element(row, logits.end()) - row));
    next = {found.back()};
  }
  EXPECT_EQ(found, kGreedy);
}

TEST_P(DemoModel, GreedyText) {
  const auto sampler = make<Sampler>([](auto** out, auto* err) { return grok1_sampler_create(nullptr, out, err); });
  grok1_generate_options options = GROK1_INIT(grok1_generate_options);
  options.sampler = sampler.get();
  options.max_tokens = static_cast<uint32_t>(kGreedy.size());
  std::string found;
  const auto append = [](void* user, const char* text, size_t size) -> int32_t {
    static_cast<std::string*>(user)->append(text, size);
    return 0;
  };
  grok1_error err = GROK1_INIT(grok1_error);
  EXPECT_EQ(grok1_generate(engine_.session(), kPrompt.data(), kPrompt.size(), &options, append, &found, &err), GROK1_OK)
      << err.message;
  EXPECT_EQ(found, kGreedyText);
}

INSTANTIATE_TEST_SUITE_P(Devices, DemoModel, testing::Values("reference", "cpu"),
                         [](const auto& test) { return test.param; });

TEST(DemoModelPerplexity, SampleText) {
  const Engine engine(kModel, {.device = "cpu"});
  const std::vector<int32_t> tokens = encode(engine, read_text(kModel + "/sample.txt"));
  EXPECT_EQ(tokens.size(), 2905u);
  constexpr double kWanted = 44.724;
  EXPECT_NEAR(perplexity(engine, tokens), kWanted, kTolerance * kWanted);
}

TEST(DemoModelPerplexity, HeldOutText) {
  const char* path = std::getenv("GROK1_TEST_TEXT");
  if (path == nullptr || *path == '\0') {
    GTEST_SKIP() << "GROK1_TEST_TEXT does not name the held-out text (tests/golden/demo-model/README.md)";
  }
  const Engine engine(kModel, {.device = "cpu"});
  const std::vector<int32_t> tokens = encode(engine, read_text(path));
  EXPECT_EQ(tokens.size(), 58444u);
  constexpr double kWanted = 30.663;
  EXPECT_NEAR(perplexity(engine, tokens), kWanted, kTolerance * kWanted);
}

}  // namespace
}  // namespace golden
