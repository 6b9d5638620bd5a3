// Whole ckpt-0 folders: the golden ones, Grok-1's own layout as sparse files, and everything that can be wrong with
// one.
#include "core/formats/xai_checkpoint.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "core/base/failure.h"
#include "core/formats/faults.h"
#include "core/formats/xai_names.h"
#include "tests/unit/formats/pickle_builder.h"
#include "tests/unit/formats/sparse_grok1.h"
#include "tests/unit/formats/temporary_folder.h"

namespace grok1::test {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

const fs::path kGolden = GROK1_TEST_DATA;

Json read_json(const fs::path& path) {
  std::ifstream file(path);
  return Json::parse(file);
}

class GoldenCheckpoint : public testing::TestWithParam<const char*> {};

TEST_P(GoldenCheckpoint, HasTheTensorsOfItsCase) {
  const fs::path folder = kGolden / GetParam();
  const Json names = read_json(folder / "case.json")["tensor_names"];
  const Json sizes = read_json(folder / "config.json");
  const auto groups = read_json(folder / "case.json")["row_parallel_scale_groups"].get<uint32_t>();
  const auto source = open_model(folder.string());
  EXPECT_EQ(source->format(), "xAI checkpoint");
  EXPECT_EQ(source->n_files(), names.size());
  EXPECT_EQ(source->tokenizer_path(), "");
  EXPECT_TRUE(source->warnings().empty());
  EXPECT_EQ(source->config().d_model, sizes["hidden_size"]);
  ASSERT_EQ(source->tensors().size(), names.size());
  uint64_t bytes = 0;
  for (size_t i = 0; i < names.size(); ++i) {
    const Tensor& tensor = source->tensors()[i];
    EXPECT_EQ(tensor.name, names[i]);
    EXPECT_EQ(fs::path(tensor.values.parts.front().file->path()).filename(), fmt::format("tensor{:05}_000", i));
    EXPECT_FALSE(tensor.transposed);
    bytes += tensor.values.parts.front().file->size();
    const bool row_parallel = tensor.role == TensorRole::kDown || tensor.role == TensorRole::kAttentionOut;
    if (tensor.values.encoding == GROK1_ENCODING_I8) {
      EXPECT_EQ(tensor.scale_groups(), row_parallel ? groups : 1u) << tensor.name;
      EXPECT_EQ(tensor.scales.encoding, uint32_t{GROK1_ENCODING_BF16});
    } else {
      EXPECT_EQ(tensor.values.encoding, uint32_t{GROK1_ENCODING_F32});
      EXPECT_EQ(tensor.scales.bytes(), 0u);
    }
  }
  EXPECT_EQ(source->file_bytes(), bytes);
  source->require_unchanged();
}

TEST_P(GoldenCheckpoint, HasEveryRoleOfEveryLayer) {
  const auto source = open_model((kGolden / GetParam()).string());
  const Json sizes = read_json(kGolden / GetParam() / "config.json");
  const uint64_t d = sizes["hidden_size"],
                 q = sizes["num_attention_heads"].get<uint64_t>() * sizes["head_dim"].get<uint64_t>(),
                 kv = sizes["num_key_value_heads"].get<uint64_t>() * sizes["head_dim"].get<uint64_t>(),
                 experts = sizes["num_experts"], ffn = sizes["intermediate_size"];
  using Shape = std::array<uint64_t, 4>;
  EXPECT_EQ(source->find(TensorRole::kEmbedding).values.shape, (Shape{sizes["vocab_size"], d}));
  EXPECT_EQ(source->find(TensorRole::kFinalNorm).values.shape, (Shape{d}));
  for (uint32_t layer = 0; layer < sizes["num_hidden_layers"]; ++layer) {
    const auto shape = [&](TensorRole role) { return source->find(role, layer).values.shape; };
    EXPECT_EQ(shape(TensorRole::kQuery), (Shape{d, q}));
    EXPECT_EQ(shape(TensorRole::kKey), (Shape{d, kv}));
    EXPECT_EQ(shape(TensorRole::kValue), (Shape{d, kv}));
    EXPECT_EQ(shape(TensorRole::kAttentionOut), (Shape{q, d}));
    EXPECT_EQ(shape(TensorRole::kRouter), (Shape{d, experts}));
    EXPECT_EQ(shape(TensorRole::kGate), (Shape{experts, d, ffn}));
    EXPECT_EQ(shape(TensorRole::kUp), (Shape{experts, d, ffn}));
    EXPECT_EQ(shape(TensorRole::kDown), (Shape{experts, ffn, d}));
    for (const TensorRole norm : {TensorRole::kPreAttentionNorm, TensorRole::kPostAttentionNorm,
                                  TensorRole::kPreMoeNorm, TensorRole::kPostMoeNorm}) {
      EXPECT_EQ(shape(norm), (Shape{d}));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Cases, GoldenCheckpoint,
                         testing::Values("tiny", "order", "gqa6", "sharp", "two-groups", "odd"),
                         [](const testing::TestParamInfo<const char*>& golden) {
                           std::string name = golden.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

// A copy of the golden case `tiny` that a test damages: 2 layers, d 64, q 256, kv 128, ffn 344, vocabulary 256.
class XaiCheckpoint : public testing::Test {
 protected:
  XaiCheckpoint() {
    fs::copy(kGolden / "tiny" / "ckpt-0", folder_.path() / "ckpt-0");
    fs::permissions(folder_.path() / "ckpt-0", fs::perms::owner_all, fs::perm_options::add);
    fs::copy(kGolden / "tiny" / "config.json", folder_.path() / "config.json");
  }

  std::unique_ptr<TensorSource> open() { return open_model(folder_.path().string()); }
  fs::path file(int index) const { return folder_.path() / "ckpt-0" / xai_file_name(static_cast<size_t>(index)); }
  void replace(int index, const std::string& bytes) {
    fs::remove(file(index));
    folder_.write("ckpt-0/" + xai_file_name(static_cast<size_t>(index)), bytes);
  }

  void expect_failure(grok1_status status, const std::vector<std::string>& words, const std::string& path = "") {
    try {
      path.empty() ? open() : open_model(path);
      ADD_FAILURE() << "opened; wanted: " << words[0];
    } catch (const Failure& failure) {
      EXPECT_EQ(failure.status(), status) << failure.message();
      for (const std::string& word : words) {
        EXPECT_NE(failure.message().find(word), std::string::npos) << failure.message() << "\nlacks: " << word;
      }
      if (status == GROK1_E_BAD_FILE) {
        EXPECT_EQ(failure.source(), uint32_t{GROK1_SOURCE_FILE});
      }
    }
  }

  TemporaryFolder folder_;
};

TEST_F(XaiCheckpoint, OpensByEitherPath) {
  for (const char* end : {"", "/", "/ckpt-0", "/ckpt-0/", "/ckpt-0/."}) {
    const auto source = open_model(folder_.path().string() + end);
    EXPECT_EQ(source->config().d_model, 64u) << end;  // so config.json was found too
  }
  fs::rename(folder_.path() / "ckpt-0", folder_.path() / "ckpt");
  EXPECT_EQ(open_model((folder_.path() / "ckpt").string())->config().d_model, 64u);
}

TEST_F(XaiCheckpoint, FindsTheTokenizerBeside) {
  const std::string path = folder_.write("tokenizer.model", "x");
  EXPECT_EQ(open()->tokenizer_path(), path);
  EXPECT_EQ(open_model((folder_.path() / "ckpt-0").string())->tokenizer_path(), path);
}

TEST_F(XaiCheckpoint, IgnoresOtherFiles) {
  for (const char* name : {"tensor00026_000.part", "tensor0026_000", "tensor000026_000", "Tensor00026_000", "readme"}) {
    folder_.write(std::string("ckpt-0/") + name, "x");
  }
  EXPECT_EQ(open()->n_files(), 26u);
}

TEST_F(XaiCheckpoint, WrongPathsAreExplained) {
  const std::string base = folder_.path().string();
  expect_failure(GROK1_E_NOT_FOUND, {base + "/nowhere", "no such file or folder", "*.gguf"}, base + "/nowhere");
  expect_failure(GROK1_E_UNSUPPORTED, {"config.json", "found a file"}, base + "/config.json");
  fs::create_directories(folder_.path() / "empty" / "ckpt-0");
  expect_failure(GROK1_E_NOT_FOUND, {"empty/ckpt-0/tensor00000_000", "missing", "770 of 770", "config.json"},
                 base + "/empty");
  fs::remove(folder_.path() / "empty" / "ckpt-0");
  expect_failure(GROK1_E_NOT_FOUND, {"no model in this folder", "ckpt-0", "*.safetensors"}, base + "/empty");
  folder_.write("empty/ckpt-0", "x");
  expect_failure(GROK1_E_IO, {"empty/ckpt-0", "found a file"}, base + "/empty");
}

TEST_F(XaiCheckpoint, AMissingFileIsNamed) {
  fs::remove(file(14));
  fs::remove(file(20));
  expect_failure(GROK1_E_NOT_FOUND, {"tensor00014_000", "moe/linear of layer 1", "2 of 26"});
}

TEST_F(XaiCheckpoint, AnExtraFileIsNamed) {
  folder_.write("ckpt-0/tensor00026_000", "x");
  expect_failure(GROK1_E_BAD_FILE, {"tensor00026_000", "26 tensor files of 2 layers"});
  fs::remove(file(26));
  folder_.write("ckpt-0/tensor00003_001", "x");
  expect_failure(GROK1_E_BAD_FILE, {"tensor00003_001"});
}

TEST_F(XaiCheckpoint, AShortFileSaysHowShort) {
  const auto size = fs::file_size(file(14));
  fs::resize_file(file(14), size / 2);
  expect_failure(GROK1_E_BAD_FILE,
                 {"tensor00014_000", "at byte ", "file has ", " bytes, at least ", "moe/linear of layer 1"});
  fs::resize_file(file(14), 0);
  expect_failure(GROK1_E_BAD_FILE, {"tensor00014_000: at byte 0", "protocol 4"});
}

TEST_F(XaiCheckpoint, ADirectoryIsNoFile) {
  fs::remove(file(7));
  fs::create_directory(file(7));
  expect_failure(GROK1_E_IO, {"tensor00007_000", "found a directory", "query of layer 0"});
}

TEST_F(XaiCheckpoint, SwappedFilesAreFound) {
  fs::rename(file(3), file(90));
  fs::rename(file(2), file(3));
  fs::rename(file(90), file(2));
  expect_failure(GROK1_E_BAD_FILE, {"tensor00002_000", "[8, 64, 344] wanted, found [8, 344, 64]"});
}

TEST_F(XaiCheckpoint, WrongShapesAreRefused) {
  for (const std::vector<int64_t>& shape : {std::vector<int64_t>{63}, {64, 1}, {1, 64}, {}, {0}}) {
    replace(1, plain_pickle(array(f32(), shape, 4)));
    expect_failure(GROK1_E_BAD_FILE, {"tensor00001_000", "[64] wanted", "the final norm"});
  }
}

TEST_F(XaiCheckpoint, TheHintNamesTheMissingConfig) {
  fs::remove(folder_.path() / "config.json");
  fs::copy(kGolden / "tiny" / "ckpt-0" / "tensor00000_000", folder_.path() / "ckpt-0" / "x");
  for (int i = 26; i < 770; ++i) folder_.write("ckpt-0/" + xai_file_name(static_cast<size_t>(i)), "");
  expect_failure(GROK1_E_BAD_FILE, {"[131072, 6144] wanted, found [256, 64]", "without a config.json"});
}

TEST_F(XaiCheckpoint, PlainWeightsAreTaken) {
  replace(5, plain_pickle(array(f32(), {64, 128}, 4)));
  replace(7, plain_pickle(array(bf16(), {64, 256}, 2)));
  replace(1, plain_pickle(array(bf16(), {64}, 2)));
  const auto source = open();
  EXPECT_EQ(source->find(TensorRole::kKey).values.encoding, uint32_t{GROK1_ENCODING_F32});
  EXPECT_EQ(source->find(TensorRole::kQuery).values.encoding, uint32_t{GROK1_ENCODING_BF16});
  EXPECT_EQ(source->find(TensorRole::kQuery).scales.encoding, uint32_t{GROK1_ENCODING_NONE});
  EXPECT_EQ(source->find(TensorRole::kFinalNorm).values.encoding, uint32_t{GROK1_ENCODING_BF16});
}

TEST_F(XaiCheckpoint, ScalesMayBeF32) {
  replace(5, quantized_pickle(array(i8(), {64, 128}, 1), array(f32(), {4, 128}, 4)));
  const Tensor key = open()->find(TensorRole::kKey);
  EXPECT_EQ(key.scales.encoding, uint32_t{GROK1_ENCODING_F32});
  EXPECT_EQ(key.scale_groups(), 4u);
  EXPECT_EQ(key.scales.bytes(), 4u * 128 * 4);
}

TEST_F(XaiCheckpoint, WrongTypesAreRefused) {
  replace(5, plain_pickle(array(i8(), {64, 128}, 1)));
  expect_failure(GROK1_E_BAD_FILE, {"tensor00005_000", "found int8 without"});
  replace(5, quantized_pickle(array(bf16(), {64, 128}, 2), array(f32(), {1, 128}, 4)));
  expect_failure(GROK1_E_BAD_FILE, {"int8 wanted where there are scales, found bf16"});
  replace(5, quantized_pickle(array(i8(), {64, 128}, 1), array(i8(), {1, 128}, 1)));
  expect_failure(GROK1_E_BAD_FILE, {"scales of bf16 or f32 wanted, found int8"});
  replace(5, quantized_pickle(array(i8(), {64, 128}, 1), array(bf16(), {1, 128}, 2)));
  open();
  replace(13, quantized_pickle(array(i8(), {64, 8}, 1), array(bf16(), {1, 8}, 2)));
  expect_failure(GROK1_E_BAD_FILE, {"tensor00013_000", "found one with scales", "router of layer 0"});
}

TEST_F(XaiCheckpoint, ScalesMustDivideTheirWeight) {
  for (const std::vector<int64_t>& shape :
       {std::vector<int64_t>{3, 128}, {0, 128}, {128, 128}, {1, 64}, {128}, {1, 1, 128}, {128, 1}}) {
    replace(5, quantized_pickle(array(i8(), {64, 128}, 1), array(bf16(), shape, 2)));
    expect_failure(GROK1_E_BAD_FILE, {"tensor00005_000", "a divisor of 64"});
  }
  replace(2, quantized_pickle(array(i8(), {8, 64, 344}, 1), array(bf16(), {1, 8, 344}, 2)));
  expect_failure(GROK1_E_BAD_FILE, {"tensor00002_000", "found [1, 8, 344]"});
}

TEST_F(XaiCheckpoint, TheConfigMustFitTheFiles) {
  Json config = read_json(folder_.path() / "config.json");
  config["num_hidden_layers"] = 1;
  fs::remove(folder_.path() / "config.json");
  folder_.write("config.json", config.dump());
  expect_failure(GROK1_E_BAD_FILE, {"tensor00014_000", "14 tensor files of 1 layers"});
  config["num_hidden_layers"] = 3;
  folder_.write("config.json", config.dump());
  expect_failure(GROK1_E_NOT_FOUND, {"tensor00026_000", "12 of 38"});
  folder_.write("config.json", "{");
  expect_failure(GROK1_E_BAD_FILE, {"config.json: at byte 1"});
}

TEST_F(XaiCheckpoint, AChangedFileIsNoticed) {
  const auto source = open();
  source->require_unchanged();
  fs::permissions(file(25), fs::perms::owner_write, fs::perm_options::add);
  fs::resize_file(file(25), fs::file_size(file(25)) - 1);
  EXPECT_THROW(source->require_unchanged(), Failure);
}

// With a Faults the reader goes on: each fault is told with its kind, file and tensor, and the good tensors are there.
class XaiCheckpointFaults : public XaiCheckpoint {
 protected:
  struct Told {
    FileFault kind;
    std::string file;
    std::string tensor;
    std::string message;
  };

  std::unique_ptr<TensorSource> open_tolerantly() {
    told_.clear();
    const Faults faults([this](const Fault& fault) {
      told_.push_back({fault.failure.fault(), fs::path(fault.place.path).filename().string(), fault.place.tensor,
                       fault.failure.message()});
    });
    return open_model(folder_.path().string(), &faults);
  }

  void expect_told(size_t i, FileFault kind, const std::string& file, const std::string& tensor,
                   const std::string& words) {
    ASSERT_LT(i, told_.size());
    EXPECT_EQ(told_[i].kind, kind) << told_[i].message;
    EXPECT_EQ(told_[i].file, file);
    EXPECT_EQ(told_[i].tensor, tensor);
    EXPECT_NE(told_[i].message.find(words), std::string::npos) << told_[i].message;
  }

  std::vector<Told> told_;
};

TEST_F(XaiCheckpointFaults, AGoodModelHasNone) {
  const auto source = open_tolerantly();
  EXPECT_EQ(source->tensors().size(), 26u);
  EXPECT_TRUE(told_.empty());
}

TEST_F(XaiCheckpointFaults, AllOfThemAtOnce) {
  fs::remove(file(2));
  fs::remove(file(20));
  folder_.write("ckpt-0/tensor00026_000", "x");
  folder_.write("ckpt-0/tensor00003_001", "x");
  fs::resize_file(file(3), fs::file_size(file(3)) - 1);
  fs::resize_file(file(4), 0);
  replace(5, plain_pickle(array(i8(), {64, 128}, 1)));
  replace(7, "no pickle at all");
  replace(9, plain_pickle(array(f32(), {63}, 4)));
  replace(17, quantized_pickle(array(i8(), {64, 128}, 1), array(bf16(), {3, 128}, 2)));
  const auto source = open_tolerantly();
  const std::string layer0 = "transformer/decoder_layer_0/", layer1 = "transformer/decoder_layer_1/";
  ASSERT_EQ(told_.size(), 10u);
  expect_told(0, FileFault::kMissing, "tensor00002_000", layer0 + "moe/linear/w", "this file is missing (moe/linear");
  expect_told(1, FileFault::kMissing, "tensor00020_000", layer1 + "multi_head_attention/value/w", "fetch it");
  expect_told(2, FileFault::kExtra, "tensor00003_001", "", "26 tensor files of 2 layers wanted, found this one");
  expect_told(3, FileFault::kExtra, "tensor00026_000", "", "besides");
  expect_told(4, FileFault::kShort, "tensor00003_000", layer0 + "moe/linear_1/w", "file has 184,631 bytes, at least");
  expect_told(5, FileFault::kShort, "tensor00004_000", layer0 + "moe/linear_v/w", "protocol 4 wanted");
  expect_told(6, FileFault::kEncoding, "tensor00005_000", layer0 + "multi_head_attention/key/w", "int8 without");
  expect_told(7, FileFault::kDamaged, "tensor00007_000", layer0 + "multi_head_attention/query/w", "at byte 0");
  expect_told(8, FileFault::kShape, "tensor00009_000", layer0 + "rms_norm/scale", "[64] wanted, found [63]");
  expect_told(9, FileFault::kShape, "tensor00017_000", layer1 + "multi_head_attention/key/w", "a divisor of 64");
  EXPECT_EQ(source->tensors().size(), 26u - 8);
  for (const Tensor& tensor : source->tensors()) EXPECT_NE(tensor.values.contiguous(), nullptr) << tensor.name;
  EXPECT_THROW(open(), Failure);
}

TEST_F(XaiCheckpointFaults, WithoutNumbersNoFileIsLookedAt) {
  folder_.write("config.json", "{");
  const auto source = open_tolerantly();
  EXPECT_TRUE(source->tensors().empty());
  ASSERT_EQ(told_.size(), 1u);
  expect_told(0, FileFault::kDamaged, "config.json", "", "config.json: at byte 1");
}

TEST_F(XaiCheckpointFaults, WhereThereIsNoModelItIsThrown) {
  fs::remove_all(folder_.path() / "ckpt-0");
  EXPECT_THROW(open_tolerantly(), Failure);
  EXPECT_TRUE(told_.empty());
}

// One layer of Grok-1's width and nothing else of its size.
TEST(XaiCheckpointWarnings, NumbersThatAreNotGrok1sAtItsWidth) {
  TemporaryFolder folder;
  Json config = {
      {"num_hidden_layers", 1}, {"hidden_size", 6144},         {"num_attention_heads", 1}, {"num_key_value_heads", 1},
      {"head_dim", 2},          {"intermediate_size", 1},      {"num_experts", 1},         {"num_experts_per_tok", 1},
      {"vocab_size", 2},        {"max_position_embeddings", 8}};
  const int64_t d = 6144;
  const std::vector<std::vector<int64_t>> shapes{{2, d}, {d},    {1, d, 1}, {1, 1, d}, {1, d, 1}, {d, 2}, {2, d},
                                                 {d, 2}, {d, 2}, {d},       {d},       {d},       {d},    {d, 1}};
  for (size_t i = 0; i < shapes.size(); ++i) {
    folder.write("ckpt-0/" + xai_file_name(i), plain_pickle(array(f32(), shapes[i], 4)));
  }
  folder.write("config.json", config.dump());
  EXPECT_TRUE(open_model(folder.path().string())->warnings().empty());
  config["rope_theta"] = 100000.0;
  config["max_attn_value"] = 0.0;
  folder.write("config.json", config.dump());
  const auto warnings = open_model(folder.path().string())->warnings();
  ASSERT_EQ(warnings.size(), 2u);
  EXPECT_NE(warnings[0].find("\"max_attn_value\" is 0"), std::string::npos) << warnings[0];
  EXPECT_NE(warnings[1].find("\"rope_theta\" is 100000"), std::string::npos) << warnings[1];
}

// The release's 318 GB without a config.json. The sum is the published one: docs/formats/ckpt-0.md.
TEST(XaiCheckpointFullSize, OpensGrok1) {
  TemporaryFolder folder;
  write_sparse_grok1(folder.path());
  const auto source = open_model(folder.path().string());
  ASSERT_EQ(source->n_files(), 770u);
  uint64_t sum = 0;
  for (const Tensor& tensor : source->tensors()) sum += tensor.bytes();
  EXPECT_EQ(sum, 318'239'694'848u);
  // Layers run 0, 1, 10 .. 19, 2, 20 .. 29, 3 ... 9.
  EXPECT_EQ(source->tensors()[2 + 12 * 2].layer, 10u);
  EXPECT_EQ(source->tensors()[2 + 12 * 12].layer, 2u);
  EXPECT_EQ(source->tensors()[2 + 12 * 63].layer, 9u);
  EXPECT_EQ(source->tensors()[2 + 12 * 63].name, "transformer/decoder_layer_9/moe/linear/w");
  EXPECT_EQ(source->find(TensorRole::kDown, 63).scale_groups(), 8u);
}

}  // namespace
}  // namespace grok1::test
