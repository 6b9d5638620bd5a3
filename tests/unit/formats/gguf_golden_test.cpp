// The golden cases as GGUF in F32, through grok1.h: the same logits to the bit whatever way the tensors are named,
// grouped and divided into files, and as near to xAI's own code as the golden test demands.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "core/base/failure.h"
#include "tests/golden/engine.h"
#include "tests/golden/golden_case.h"
#include "tests/unit/formats/gguf_model.h"
#include "tests/unit/formats/temporary_folder.h"

namespace grok1::test {
namespace {

// In the unit of the golden test. F32 weights take no digits of int8: 2e-5 to 4e-5 are measured, and the smallest
// mistake of tests/golden/README.md is far outside.
constexpr double kBound = 1e-3;

std::vector<float> logits_of(const golden::Case& c, const std::string& path, uint32_t weights) {
  golden::Settings settings;
  settings.cache_type = GROK1_CACHE_F32;
  settings.weights = weights;
  const golden::Engine engine(path, settings);
  const golden::Sequence sequence = engine.sequence();
  return engine.decode_in_pieces(sequence.get(), c.tokens, {c.prompt, 1});
}

std::string write_pieces(const TemporaryFolder& folder, const gguf::File& file) {
  const std::string bytes = file.bytes();
  // One cut in the header at an odd byte, one inside a number of a row of the embedding, one of a large matrix.
  const size_t header = file.header().size(), middle = bytes.size() / 2;
  const std::vector<size_t> cuts = {header / 2 | 1, header + 32 + 101, middle | 1, bytes.size()};
  size_t begin = 0;
  for (size_t i = 0; i < cuts.size(); ++i) {
    folder.write(fmt::format("cut/m.gguf.part{}of{}", i + 1, cuts.size()), bytes.substr(begin, cuts[i] - begin));
    begin = cuts[i];
  }
  return (folder.path() / "cut" / "m.gguf.part1of4").string();
}

std::string write_shards(const TemporaryFolder& folder, const gguf::File& file) {
  const std::vector<gguf::File> shards = split(file, 3);
  for (size_t i = 0; i < shards.size(); ++i) {
    folder.write(fmt::format("shards/m-{:05}-of-00003.gguf", i + 1), shards[i].bytes());
  }
  return (folder.path() / "shards").string();
}

// The library is part of this program, so that no plugins lie beside it.
class GgufGolden : public testing::TestWithParam<std::string> {
 protected:
  GgufGolden() { setenv("GROK1_BACKEND_PATH", GROK1_PLUGIN_DIR, 0); }
};

TEST_P(GgufGolden, EveryContainerGivesTheSameLogits) {
  const golden::Case c = golden::read_case(GetParam());
  const auto source = open_model(c.path);
  const TemporaryFolder folder;
  const gguf::File merged = gguf_of(*source, Experts::kMerged), single = gguf_of(*source, Experts::kSingle),
                   joined = gguf_of(*source, Experts::kGateUp);
  const std::vector<std::pair<const char*, std::string>> paths = {
      {"merged", folder.write("merged.gguf", merged.bytes())},
      {"single", folder.write("single.gguf", single.bytes())},
      {"gate_up", folder.write("joined.gguf", joined.bytes())},
      {"shards of merged", write_shards(folder, merged)},
      {"pieces of single", write_pieces(folder, single)}};
  const std::vector<float> wanted = logits_of(c, paths[0].second, GROK1_WEIGHTS_MAPPED);
  const double error = golden::rms_difference(wanted, c.logits) / c.bf16_rms;
  RecordProperty("error", std::to_string(error));
  EXPECT_LE(error, kBound);
  for (const auto& [name, path] : paths) {
    for (const uint32_t weights : {GROK1_WEIGHTS_MAPPED, GROK1_WEIGHTS_READ}) {
      const std::vector<float> found = logits_of(c, path, weights);
      ASSERT_EQ(found.size(), wanted.size());
      EXPECT_EQ(std::memcmp(found.data(), wanted.data(), wanted.size() * sizeof(float)), 0) << name << " " << weights;
    }
  }
}

// A head of its own: the embedding's rows turned round give the logits turned round.
TEST_P(GgufGolden, AHeadOfItsOwn) {
  const golden::Case c = golden::read_case(GetParam());
  const auto source = open_model(c.path);
  const TemporaryFolder folder;
  gguf::File file = gguf_of(*source, Experts::kMerged);
  const std::vector<float> wanted = logits_of(c, folder.write("tied.gguf", file.bytes()), GROK1_WEIGHTS_DEFAULT);
  gguf::Tensor head = file.tensors[0];
  head.name = "output.weight";
  const size_t row = head.ne[0] * 4, vocab = head.ne[1];
  for (size_t i = 0; i < vocab; ++i) head.data.replace(i * row, row, file.tensors[0].data, (vocab - 1 - i) * row, row);
  file.tensors.push_back(head);
  std::vector<float> found = logits_of(c, folder.write("own.gguf", file.bytes()), GROK1_WEIGHTS_DEFAULT);
  for (size_t begin = 0; begin < found.size(); begin += vocab) {
    std::reverse(found.begin() + static_cast<ptrdiff_t>(begin), found.begin() + static_cast<ptrdiff_t>(begin + vocab));
  }
  EXPECT_EQ(std::memcmp(found.data(), wanted.data(), wanted.size() * sizeof(float)), 0);
}

grok1_status probe(const std::string& path, const char* tokenizer_path, golden::Model& model, grok1_error& err) {
  grok1_model_options options = GROK1_INIT(grok1_model_options);
  options.tokenizer_path = tokenizer_path;
  grok1_model* probed = nullptr;
  const grok1_status status = grok1_model_probe(path.c_str(), SIZE_MAX, &options, &probed, &err);
  model.reset(probed);
  return status;
}

// The vocabulary inside is the model's tokenizer; one that is named goes before it.
TEST(GgufTokenizer, LiesInside) {
  const std::string demo = GROK1_TEST_DATA "/demo-model", text = "A cat\n\nsat 12 <|separator|> here.";
  const auto wanted = Tokenizer::load(demo + "/tokenizer.model");
  const TemporaryFolder folder;
  gguf::File file = gguf_of(*open_model(demo), Experts::kMerged);
  add_vocabulary(file, *wanted, false);
  golden::Model model;
  grok1_error err = GROK1_INIT(grok1_error);
  ASSERT_EQ(probe(folder.write("inside.gguf", file.bytes()), nullptr, model, err), GROK1_OK) << err.message;
  const auto tokenizer =
      golden::make<golden::Tokenizer>([&](auto** out, auto* e) { return grok1_model_tokenizer(model.get(), out, e); });
  std::vector<int32_t> ids(100);
  size_t count = 0;
  ASSERT_EQ(grok1_tokenizer_encode(tokenizer.get(), text.data(), text.size(), ids.data(), ids.size(), &count, &err),
            GROK1_OK);
  ids.resize(count);
  EXPECT_EQ(ids, wanted->encode(text));

  for (std::string& entry : file.entries) {
    if (entry == gguf::string("tokenizer.ggml.model", "llama")) entry = gguf::string("tokenizer.ggml.model", "gpt2");
  }
  const std::string other = folder.write("other.gguf", file.bytes());
  EXPECT_EQ(probe(other, nullptr, model, err), GROK1_E_UNSUPPORTED);
  EXPECT_EQ(probe(other, (demo + "/tokenizer.model").c_str(), model, err), GROK1_OK) << err.message;
  EXPECT_EQ(probe(other, "", model, err), GROK1_OK) << err.message;  // none is wanted
}

std::string name_of(const testing::TestParamInfo<std::string>& folder) {
  std::string name = std::filesystem::path(folder.param).filename().string();
  std::replace_if(
      name.begin(), name.end(), [](unsigned char c) { return !std::isalnum(c); }, '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Cases, GgufGolden, testing::ValuesIn(golden::case_folders()), name_of);

}  // namespace
}  // namespace grok1::test
