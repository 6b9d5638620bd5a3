// Whole Hugging Face folders: a golden case in every naming and layout, byte for byte, and everything that can be wrong
// with one.
#include "core/formats/hf_checkpoint.h"

#include <gtest/gtest.h>

#include <cstring>
#include <nlohmann/json.hpp>

#include "core/base/failure.h"
#include "core/formats/hf_files.h"
#include "core/formats/safetensors.h"
#include "tests/checkpoints/safetensors_writer.h"
#include "tests/unit/formats/temporary_folder.h"

namespace grok1::test {
namespace {

namespace fs = std::filesystem;
using checkpoints::HfOptions;
using checkpoints::Layout;
using checkpoints::Naming;
using checkpoints::StoredTensor;
using checkpoints::Weight;
using Json = nlohmann::json;

const std::string kCase = GROK1_TEST_DATA "/odd";  // 2 layers, d 56, q 72, kv 24, ffn 192, vocabulary 257

std::string text_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// The numbers of one expert of a tensor, [outer, inner], put together from its parts.
std::string bytes_of(const Tensor& tensor, uint32_t expert) {
  const StoredArray& array = tensor.values;
  const uint64_t item = array.row_bytes() / array.inner();
  std::string bytes(array.outer() * array.row_bytes(), '\0');
  for (const TensorPart& part : array.parts) {
    if (expert < part.expert_begin || expert >= part.expert_end) continue;
    const uint64_t row = (part.inner_end - part.inner_begin) * item;
    for (uint64_t outer = part.outer_begin; outer < part.outer_end; ++outer) {
      const std::byte* from = part.file->contiguous(part.offset + (outer - part.outer_begin) * row, row);
      std::memcpy(bytes.data() + outer * array.row_bytes() + part.inner_begin * item, from, row);
    }
  }
  return bytes;
}

class HfContainer : public testing::TestWithParam<std::tuple<Naming, Layout, const char*>> {};

TEST_P(HfContainer, HasTheNumbersOfItsCase) {
  const auto [naming, layout, dtype] = GetParam();
  TemporaryFolder folder;
  checkpoints::write_hf_model(kCase, folder.path().string(), {naming, layout, dtype, false});
  const auto source = open_model(folder.path().string());
  EXPECT_EQ(source->format(), "Hugging Face safetensors");
  EXPECT_EQ(source->n_files(), layout == Layout::kSingle ? 1u : 3u);
  EXPECT_TRUE(source->warnings().empty());
  EXPECT_EQ(source->tokenizer_path(), "");
  EXPECT_EQ(source->tensors().size(), 2u + 12 * 2);
  source->require_unchanged();
  for (const Weight& weight : checkpoints::golden_weights(kCase)) {
    const Tensor& tensor = source->find(weight.role, weight.layer);
    const bool linear = weight.role != TensorRole::kEmbedding && weight.shape.size() == 2;
    EXPECT_EQ(tensor.transposed, linear) << tensor.name;
    EXPECT_EQ(tensor.values.outer(), weight.shape[0]) << tensor.name;
    EXPECT_EQ(tensor.values.inner(), weight.shape.size() == 2 ? weight.shape[1] : 1) << tensor.name;
    EXPECT_EQ(bytes_of(tensor, weight.expert), checkpoints::stored("", dtype, weight).bytes)
        << tensor.name << " expert " << weight.expert;
  }
  EXPECT_EQ(source->find(TensorRole::kDown, 1).values.shape, (std::array<uint64_t, 4>{8, 56, 192, 0}));
}

TEST_P(HfContainer, AHeadThatIsTheEmbeddingIsNone) {
  const auto [naming, layout, dtype] = GetParam();
  TemporaryFolder folder;
  checkpoints::write_hf_model(kCase, folder.path().string(), {naming, layout, dtype, true});
  EXPECT_EQ(open_model(folder.path().string())->tensors().size(), 2u + 12 * 2);
}

std::string container_name(const testing::TestParamInfo<HfContainer::ParamType>& container) {
  static constexpr const char* kNamings[] = {"keyfan", "hpcai", "sglang"};
  static constexpr const char* kLayouts[] = {"single", "indexed", "numbered", "sharded"};
  const auto [naming, layout, dtype] = container.param;
  return fmt::format("{}_{}_{}", kNamings[static_cast<int>(naming)], kLayouts[static_cast<int>(layout)], dtype);
}

INSTANTIATE_TEST_SUITE_P(All, HfContainer,
                         testing::Combine(testing::Values(Naming::kKeyfan, Naming::kHpcai, Naming::kSglang),
                                          testing::Values(Layout::kSingle, Layout::kIndexed, Layout::kNumbered,
                                                          Layout::kSharded),
                                          testing::Values("F32", "BF16", "F16")),
                         container_name);

// A model whose files a test changes before they are written.
class HfCheckpoint : public testing::Test {
 protected:
  using File = std::vector<StoredTensor>;

  HfCheckpoint() {
    config_ = Json::parse(text_of(kCase + "/config.json"));
    for (const Weight& weight : checkpoints::golden_weights(kCase))
      file_.push_back(checkpoints::stored(checkpoints::hf_tensor_name(Naming::kHpcai, weight), "BF16", weight));
  }

  StoredTensor& tensor(const std::string& name) { return tensor(file_, name); }
  static StoredTensor& tensor(File& file, const std::string& name) {
    const auto found = std::find_if(file.begin(), file.end(), [&](const StoredTensor& t) { return t.name == name; });
    if (found == file.end()) throw std::out_of_range(name);
    return *found;
  }
  static StoredTensor cut_out(File& file, const std::string& name) {
    StoredTensor found = tensor(file, name);
    file.erase(file.begin() + (&tensor(file, name) - file.data()));
    return found;
  }

  std::string path(const std::string& name) const { return (folder_.path() / name).string(); }
  void write_config() const { folder_.write("config.json", config_.dump()); }
  void write(const std::string& name, const File& file) const {
    write_config();
    checkpoints::write_safetensors(path(name), file);
  }
  // The model in two files and an index of them, which it returns.
  Json write_two() const {
    const File first(file_.begin(), file_.begin() + 20), second(file_.begin() + 20, file_.end());
    write("a.safetensors", first);
    write("b.safetensors", second);
    Json index = {{"metadata", Json::object()}, {"weight_map", Json::object()}};
    for (const StoredTensor& t : first) index["weight_map"][t.name] = "a.safetensors";
    for (const StoredTensor& t : second) index["weight_map"][t.name] = "b.safetensors";
    return index;
  }
  void write_index(const std::string& text) const { folder_.write("model.safetensors.index.json", text); }

  std::unique_ptr<TensorSource> open() const { return open_model(folder_.path().string()); }
  void expect_opens() const { EXPECT_EQ(open()->tensors().size(), 26u); }

  // `at`: in `file`, which the message names too, the text whose first occurrence is the fault's place.
  void expect_failure(grok1_status status, const std::vector<std::string>& words, const std::string& file = "",
                      const std::string& at = "", const std::string& opened = "") const {
    try {
      open_model(opened.empty() ? folder_.path().string() : path(opened));
      ADD_FAILURE() << "opened; wanted: " << words[0];
    } catch (const Failure& failure) {
      EXPECT_EQ(failure.status(), status) << failure.message();
      for (const std::string& word : words) {
        EXPECT_NE(failure.message().find(word), std::string::npos) << failure.message() << "\nlacks: " << word;
      }
      if (file.empty()) return;
      EXPECT_EQ(failure.message().rfind(path(file) + ": at byte ", 0), 0u) << failure.message();
      EXPECT_EQ(failure.offset(), text_of(path(file)).find(at)) << failure.message();
    }
  }

  TemporaryFolder folder_;
  Json config_;
  File file_;
};

const std::string kQuery1 = "model.layers.1.attn.q_proj.weight";

TEST_F(HfCheckpoint, OpensByFolderAndByFile) {
  write("some name.safetensors", file_);
  expect_opens();
  for (const char* name : {"", "/", "/some name.safetensors"}) {
    EXPECT_EQ(open_model(folder_.path().string() + name)->config().d_model, 56u) << name;
  }
  folder_.write("tokenizer.model", "x");
  folder_.write("._some name.safetensors", "not a model");
  folder_.write("readme.md", "x");
  EXPECT_EQ(open()->tokenizer_path(), path("tokenizer.model"));
  EXPECT_EQ(open_model(path("some name.safetensors"))->tokenizer_path(), path("tokenizer.model"));
}

TEST_F(HfCheckpoint, TensorsComeInFileOrder) {
  std::reverse(file_.begin(), file_.end());
  write("model.safetensors", file_);
  const auto source = open();
  const TensorPart* last = nullptr;
  for (const Tensor& tensor : source->tensors()) {
    const TensorPart& part = tensor.values.parts.front();
    if (last != nullptr) {
      EXPECT_LT(last->offset, part.offset);
    }
    last = &part;
  }
}

TEST_F(HfCheckpoint, NamesSayWhatIsWhere) {
  write("model.safetensors", file_);
  const auto source = open();
  EXPECT_EQ(source->find(TensorRole::kQuery, 1).name, kQuery1);
  const Tensor& gate = source->find(TensorRole::kGate, 1);
  EXPECT_EQ(gate.name, "model.layers.1.moe_block.experts.*.linear.weight");
  ASSERT_EQ(gate.values.parts.size(), 8u);
  EXPECT_EQ(gate.values.parts[5].name, "model.layers.1.moe_block.experts.5.linear.weight");
  EXPECT_EQ(gate.values.parts[5].expert_begin, 5u);
}

TEST_F(HfCheckpoint, AHeadOfItsOwnIsARole) {
  StoredTensor head = tensor("model.embed_tokens.weight");
  head.name = "lm_head.weight";
  head.bytes.back() = static_cast<char>(head.bytes.back() ^ 1);  // one bit of 257 * 56 numbers
  file_.push_back(head);
  config_.erase("tie_word_embeddings");
  write("model.safetensors", file_);
  auto source = open();
  EXPECT_EQ(source->tensors().size(), 27u);
  EXPECT_EQ(source->find(TensorRole::kHead).values.shape, (std::array<uint64_t, 4>{257, 56, 0, 0}));
  EXPECT_FALSE(source->find(TensorRole::kHead).transposed);
  EXPECT_TRUE(source->warnings().empty());
  // Of another type it is not compared, and what config.json says of it is worth a sentence.
  for (const Weight& weight : checkpoints::golden_weights(kCase)) {
    if (weight.role == TensorRole::kEmbedding) file_.back() = checkpoints::stored("lm_head.weight", "F32", weight);
  }
  config_["tie_word_embeddings"] = true;
  write("model.safetensors", file_);
  source = open();
  EXPECT_EQ(source->tensors().size(), 27u);
  ASSERT_EQ(source->warnings().size(), 1u);
  EXPECT_NE(source->warnings()[0].find("tie_word_embeddings"), std::string::npos);
  // Untied without a head.
  file_.pop_back();
  config_["tie_word_embeddings"] = false;
  write("model.safetensors", file_);
  expect_failure(GROK1_E_BAD_FILE, {"'lm_head.weight' is missing, 1 of"});
}

TEST_F(HfCheckpoint, BuffersAreIgnored) {
  file_.insert(file_.begin() + 3, {"model.layers.0.attn.rotary_emb.inv_freq", "F32", {12}, std::string(48, 'x')});
  write("model.safetensors", file_);
  expect_opens();
}

TEST_F(HfCheckpoint, MissingTensorsAreCounted) {
  cut_out(file_, kQuery1);
  cut_out(file_, "model.layers.1.moe_block.experts.3.linear_v.weight");
  write("model.safetensors", file_);
  // 2 global, 9 in each layer and 3 of each of its experts.
  expect_failure(GROK1_E_BAD_FILE, {"'" + kQuery1 + "' is missing, 2 of 68 tensors"});
  cut_out(file_, "model.norm.scale");
  write("model.safetensors", file_);
  expect_failure(GROK1_E_BAD_FILE, {"is missing, 3 of 68 tensors"});
}

TEST_F(HfCheckpoint, UnknownTensorsAreNamed) {
  const auto with = [&](const std::string& name) {
    File file = file_;
    file.push_back({name, "F32", {1}, "abcd"});
    write("model.safetensors", file);
  };
  for (const std::string name : {"model.layers.0.attn.q_proj.bias", "model.layers.0.attn.q_proj.weight_scale",
                                 "model.layers.0.self_attn.q_proj.weight", "model.layers.0.mlp.up_proj.weight"}) {
    with(name);
    expect_failure(GROK1_E_BAD_FILE, {"under the names of hpcai-tech/grok-1 wanted", "'" + name + "'"},
                   "model.safetensors", '"' + name + '"');
  }
  for (const std::string name :
       {"model.layers.2.attn.q_proj.weight", "model.layers.0.moe_block.experts.8.linear.weight"}) {
    with(name);
    expect_failure(GROK1_E_BAD_FILE, {"2 layers of 8 experts wanted", "'" + name + "'"}, "model.safetensors",
                   '"' + name + '"');
  }
}

TEST_F(HfCheckpoint, OtherModelsAreNotGrok1) {
  const auto expect_other = [&](const File& file, const std::string& found) {
    write("model.safetensors", file);
    expect_failure(GROK1_E_UNSUPPORTED, {"keyfan/grok-1-hf", "hpcai-tech/grok-1", "SGLang", found});
  };
  expect_other({}, "found none");
  expect_other({{"wte.weight", "F32", {1}, "abcd"}}, "'wte.weight' and others");
  cut_out(file_, "model.embed_tokens.weight");
  expect_other(file_, "and others");
  config_["residual_moe"] = true;
  write("model.safetensors", file_);
  expect_failure(GROK1_E_UNSUPPORTED, {"residual_moe", "not Grok-1"});
}

TEST_F(HfCheckpoint, ShapesAreThoseOfTheConfig) {
  const File right = file_;
  const auto expect_shape = [&](const std::string& name, const std::vector<uint64_t>& shape,
                                const std::string& wanted) {
    file_ = right;
    tensor(name).shape = shape;
    write("model.safetensors", file_);
    expect_failure(GROK1_E_BAD_FILE, {"'" + name + "' of shape " + wanted + " wanted by config.json"});
  };
  expect_shape(kQuery1, {56, 72}, "[72, 56]");
  expect_shape(kQuery1, {1, 72, 56}, "[72, 56]");
  expect_shape(kQuery1, {36, 112}, "[72, 56]");
  expect_shape("model.embed_tokens.weight", {56, 257}, "[257, 56]");
  expect_shape("model.layers.0.moe_block.gate.weight", {56, 8}, "[8, 56]");
  expect_shape("model.layers.0.moe_block.experts.7.linear_1.weight", {192, 56}, "[56, 192]");
  file_ = right;
  tensor("model.norm.scale").shape = {1, 56};
  write("model.safetensors", file_);
  expect_failure(GROK1_E_BAD_FILE, {"'model.norm.scale' of shape [56] wanted", "found [1, 56]"}, "model.safetensors",
                 "[1,56]");
  file_ = right;
  config_["vocab_size"] = 256;
  write("model.safetensors", file_);
  expect_failure(GROK1_E_BAD_FILE, {"of shape [256, 56] wanted", "found [257, 56]"}, "model.safetensors", "[257,56]");
}

TEST_F(HfCheckpoint, TypesAreThreeAndTheSameForAllExperts) {
  const File right = file_;
  for (const char* type : {"F8_E4M3", "I8", "U8", "F8_E5M2"}) {
    file_ = right;
    tensor(kQuery1).dtype = type;
    tensor(kQuery1).bytes.resize(72 * 56);
    write("model.safetensors", file_);
    expect_failure(GROK1_E_UNSUPPORTED, {"'" + kQuery1 + "' is of type " + type, "F32, F16 or BF16 wanted"},
                   "model.safetensors", std::string("\"") + type + '"');
  }
  file_ = right;
  tensor("model.layers.0.moe_block.experts.3.linear.weight").dtype = "F16";
  write("model.safetensors", file_);
  expect_failure(GROK1_E_UNSUPPORTED, {"experts.3.linear.weight' is of type F16; the type of the tensor's other parts"},
                 "model.safetensors", "\"F16\"");
}

TEST_F(HfCheckpoint, ADamagedFileIsNamed) {
  write("a.safetensors", File(file_.begin(), file_.begin() + 20));
  write("b.safetensors", File(file_.begin() + 20, file_.end()));
  expect_opens();
  const std::string text = text_of(path("b.safetensors"));
  folder_.write("b.safetensors", text.substr(0, text.size() - 1));
  expect_failure(GROK1_E_BAD_FILE, {"b.safetensors: at byte", "cut short"});
  folder_.write("b.safetensors", "");
  expect_failure(GROK1_E_BAD_FILE, {"b.safetensors: at byte 0", "8 bytes wanted"});
}

TEST_F(HfCheckpoint, ConfigJsonMustBeThere) {
  write("model.safetensors", file_);
  fs::remove(path("config.json"));
  expect_failure(GROK1_E_NOT_FOUND, {"config.json"});
  expect_failure(GROK1_E_NOT_FOUND, {"config.json"}, "", "", "model.safetensors");
}

TEST_F(HfCheckpoint, TensorsAreInOneFileOnly) {
  write_two();
  expect_opens();
  File second(file_.begin() + 20, file_.end());
  second.push_back(file_[3]);
  write("b.safetensors", second);
  expect_failure(GROK1_E_BAD_FILE, {"'" + file_[3].name + "' wanted once", path("a.safetensors") + " too"},
                 "b.safetensors", '"' + file_[3].name + '"');
}

TEST_F(HfCheckpoint, TheIndexSaysWhichFiles) {
  const Json index = write_two();
  write("c.safetensors", {{"anything", "F32", {1}, "abcd"}});  // is not of the model then
  write_index(index.dump(1));
  expect_opens();
  EXPECT_EQ(open()->n_files(), 2u);
}

TEST_F(HfCheckpoint, TheIndexAndTheFilesAgree) {
  const Json index = write_two();
  const std::string name = file_[3].name;
  const std::string file = "model.safetensors.index.json";
  const auto with = [&](const std::string& tensor, const Json& value) {
    Json changed = index;
    changed["weight_map"][tensor] = value;
    write_index(changed.dump());
  };
  with(name, "b.safetensors");
  expect_failure(GROK1_E_BAD_FILE, {"'" + name + "' wanted in b.safetensors as the index says"}, "a.safetensors",
                 '"' + name + '"');
  with("model.layers.0.attn.rotary_emb.inv_freq", "a.safetensors");
  expect_opens();
  with("nowhere.weight", "a.safetensors");
  expect_failure(GROK1_E_BAD_FILE, {"\"nowhere.weight\": not found in a.safetensors"}, file, "\"nowhere.weight\"");
  with("nowhere.weight", "z.safetensors");
  expect_failure(GROK1_E_NOT_FOUND, {"z.safetensors"});
  Json shorter = index;
  shorter["weight_map"].erase(name);
  write_index(shorter.dump());
  expect_failure(GROK1_E_BAD_FILE, {"'" + name + "' wanted in no file as the index says"}, "a.safetensors",
                 '"' + name + '"');
  // Without any file of its own.
  fs::remove(path("a.safetensors"));
  write_index(index.dump());
  expect_failure(GROK1_E_NOT_FOUND, {"a.safetensors"});
}

TEST_F(HfCheckpoint, TheIndexStaysInItsFolder) {
  const Json index = write_two();
  for (const Json& outside :
       {Json("/etc/passwd"), Json("../a.safetensors"), Json("sub/a.safetensors"), Json(".."), Json("."), Json(""),
        Json("a..safetensors"), Json("a.bin"), Json("a.safetensors\n"), Json(std::string("a\0.safetensors", 14)),
        Json(std::string(300, 'a') + ".safetensors"), Json(1), Json(nullptr), Json::array({"a.safetensors"})}) {
    Json changed = index;
    changed["weight_map"][kQuery1] = outside;
    write_index(changed.dump());
    expect_failure(GROK1_E_BAD_FILE, {"\"" + kQuery1 + "\": the name of a"}, "model.safetensors.index.json",
                   '"' + kQuery1 + '"');
  }
}

TEST_F(HfCheckpoint, TheIndexIsStrictJson) {
  const std::string right = write_two().dump(), file = "model.safetensors.index.json";
  const auto expect_index = [&](const std::string& text, const std::string& reason, uint64_t offset) {
    write_index(text);
    try {
      open();
      ADD_FAILURE() << text.substr(0, 200);
    } catch (const Failure& failure) {
      EXPECT_EQ(failure.status(), GROK1_E_BAD_FILE) << failure.message();
      EXPECT_EQ(failure.message().rfind(path(file) + ": at byte ", 0), 0u) << failure.message();
      EXPECT_NE(failure.message().find(reason), std::string::npos) << failure.message();
      EXPECT_EQ(failure.offset(), offset) << failure.message();
    }
  };
  expect_index("", "JSON wanted", 0);
  expect_index(right.substr(0, right.size() - 1), "JSON wanted", right.size() - 1);
  expect_index(right + "x", "JSON wanted", right.size());
  expect_index(right + std::string(1, '\0'), "a NUL byte", right.size());
  expect_index("[]", "an object wanted", 0);
  expect_index("{}", "an object wanted", 0);
  expect_index(R"({"weight_map":[]})", "found array", 1);
  expect_index(R"({"weight_map":{}})", "found none in it", 1);
  expect_index(R"({"weight_map":{"":"a.safetensors"}})", "names of 1 to 256 bytes", 1);
  expect_index(R"({"weight_map":{"a\u001b":"a.safetensors"}})", "names of 1 to 256 bytes", 1);
  expect_index(R"({"weight_map":{"x":"a.safetensors","x":"b.safetensors"}})", "'x' again", 35);
  expect_index(R"({"weight_map":{},"weight_map":{}})", "'weight_map' again", 17);
  expect_index(std::string(1 << 20, '['), "8 levels at most", 0);
  expect_index(std::string((16 << 20) + 1, ' '), "at most 16777216 bytes", 16 << 20);
  for (size_t size = 0; size < right.size(); size += size < 300 ? 1 : 97) {
    write_index(right.substr(0, size));
    EXPECT_THROW(open(), Failure) << size;
  }
}

// Two ranks; the names are SGLang's, but that is of no matter to the shards.
class HfShards : public HfCheckpoint {
 protected:
  HfShards() {
    checkpoints::write_hf_model(kCase, folder_.path().string(), {Naming::kSglang, Layout::kSharded, "BF16", false});
    config_ = Json::parse(text_of(path("config.json")));
    for (const Weight& weight : checkpoints::golden_weights(kCase)) weights_.push_back(weight);
  }

  static constexpr const char* kRank0 = "pytorch_model-00001-TP-000.safetensors";
  static constexpr const char* kRank1 = "pytorch_model-00001-TP-001.safetensors";
  static constexpr const char* kCommon = "pytorch_model-00000-TP-common.safetensors";

  const Weight& weight(TensorRole role, uint32_t layer = 0) const {
    return *std::find_if(weights_.begin(), weights_.end(),
                         [&](const Weight& w) { return w.role == role && w.layer == layer; });
  }
  // What a file holds, to be changed and written back.
  File read(const std::string& name) const {
    const std::string text = text_of(path(name));
    File file;
    for (const SafetensorsEntry& entry : read_safetensors(name, std::as_bytes(std::span(text)))) {
      file.push_back({entry.name,
                      entry.dtype,
                      {entry.shape.begin(), entry.shape.begin() + entry.rank},
                      text.substr(entry.offset, entry.bytes)});
    }
    return file;
  }

  std::vector<Weight> weights_;
};

TEST_F(HfShards, RanksAreComplete) {
  expect_opens();
  fs::rename(path(kRank1), path("pytorch_model-00001-TP-002.safetensors"));
  expect_failure(GROK1_E_NOT_FOUND, {"*-TP-001.safetensors is missing"});
  fs::rename(path("pytorch_model-00001-TP-002.safetensors"), path("elsewhere"));
  expect_failure(GROK1_E_BAD_FILE, {"that make up"});  // one rank only, of halves
  fs::remove(path(kRank0));
  expect_failure(GROK1_E_NOT_FOUND, {"*-TP-000.safetensors is missing"});
}

TEST_F(HfShards, OneShardIsNoModel) {
  for (const char* name : {kRank0, kCommon})
    expect_failure(GROK1_E_UNSUPPORTED, {"the folder with the shards of all ranks wanted"}, "", "", name);
}

TEST_F(HfShards, ARankMayHaveSeveralFiles) {
  File first = read(kRank0);
  const File second(first.begin() + 10, first.end());
  first.resize(10);
  write(kRank0, first);
  write("pytorch_model-00002-TP-000.safetensors", second);
  expect_opens();
  write("pytorch_model-00003-TP-000.safetensors", {first.front()});
  expect_failure(GROK1_E_BAD_FILE, {"'" + first.front().name + "' wanted once"},
                 "pytorch_model-00003-TP-000.safetensors", '"' + first.front().name + '"');
}

TEST_F(HfShards, EveryRankHasItsShard) {
  File file = read(kRank1);
  const std::string name = "model.layers.1.block_sparse_moe.experts.4.w2.weight";
  cut_out(file, name);
  write(kRank1, file);
  expect_failure(GROK1_E_BAD_FILE, {"'" + name + "' wanted in the shards of all 2 ranks, found none of rank 1"}, kRank0,
                 '"' + name + '"');
}

TEST_F(HfShards, ATensorIsCutOrWhole) {
  File common = read(kCommon);
  const std::string name = "model.layers.0.self_attn.q_proj.weight";
  common.push_back(checkpoints::stored(name, "BF16", weight(TensorRole::kQuery)));
  write(kCommon, common);
  expect_failure(GROK1_E_BAD_FILE, {"'" + name + "' wanted once"});
  // Taken out of the ranks it is right.
  for (const char* rank : {kRank0, kRank1}) {
    File file = read(rank);
    cut_out(file, name);
    write(rank, file);
  }
  expect_opens();
}

TEST_F(HfShards, ShardsMakeUpTheWhole) {
  const std::string query = "model.layers.0.self_attn.q_proj.weight",
                    down = "model.layers.0.block_sparse_moe.experts.0.w2.weight";
  const File right = read(kRank1);
  const auto expect_shape = [&](const std::string& name, std::vector<uint64_t> shape, const std::string& wanted) {
    File file = right;
    StoredTensor& changed = tensor(file, name);
    changed.shape = std::move(shape);
    changed.bytes.resize(2 * changed.shape[0] * changed.shape[1], 'x');
    write(kRank1, file);
    expect_failure(GROK1_E_BAD_FILE, {"'" + name + "' in shards that make up " + wanted, "of rank 1"}, kRank1,
                   fmt::format("[{},{}]", changed.shape[0], changed.shape[1]));
  };
  expect_shape(query, {35, 56}, "[72, 56] along axis 0");
  expect_shape(query, {37, 56}, "[72, 56] along axis 0");
  expect_shape(query, {36, 55}, "[72, 56] along axis 0");
  expect_shape(query, {0, 56}, "[72, 56] along axis 0");
  expect_shape(down, {56, 95}, "[56, 192] along axis 1");
  expect_shape(down, {56, 97}, "[56, 192] along axis 1");
  expect_shape(down, {55, 96}, "[56, 192] along axis 1");
}

TEST_F(HfShards, WhatIsInEveryRankIsTheSame) {
  File file = read(kRank1);
  const std::string name = "model.layers.1.block_sparse_moe.gate.weight";
  tensor(file, name).bytes.back() = static_cast<char>(tensor(file, name).bytes.back() ^ 1);
  write(kRank1, file);
  expect_failure(GROK1_E_BAD_FILE, {"'" + name + "' wanted as it is in " + path(kRank0), kRank1});
}

TEST_F(HfShards, ARouterIsNeverCut) {
  const std::string name = "model.layers.1.block_sparse_moe.gate.weight";
  for (const char* rank : {kRank0, kRank1}) {
    File file = read(rank);
    tensor(file, name).shape = {4, 56};
    tensor(file, name).bytes.resize(2 * 4 * 56);
    write(rank, file);
  }
  expect_failure(GROK1_E_BAD_FILE, {"'" + name + "' of shape [8, 56] wanted"}, kRank0, "[4,56]");
}

TEST_F(HfShards, AHeadIsComparedShardByShard) {
  // The embedding is in the ranks, the head in the common file.
  File common = read(kCommon);
  common.push_back(checkpoints::stored("lm_head.weight", "BF16", weight(TensorRole::kEmbedding)));
  write(kCommon, common);
  expect_opens();
  common.back().bytes.back() = static_cast<char>(common.back().bytes.back() ^ 1);
  write(kCommon, common);
  EXPECT_EQ(open()->tensors().size(), 27u);
}

TEST(HfFullSize, OpensGrok1) {
  TemporaryFolder folder;
  // The numbers of the model: core/formats/config.h. 64 files of a layer each, whose payloads are holes.
  folder.write("config.json", R"({"num_hidden_layers":64,"hidden_size":6144,"num_attention_heads":48,
    "num_key_value_heads":8,"intermediate_size":32768,"num_experts":8,"num_experts_per_tok":2,"vocab_size":131072,
    "max_position_embeddings":8192})");
  uint64_t sum = 0;
  const auto write_sparse = [&](const std::string& name,
                                const std::vector<std::pair<std::string, std::vector<uint64_t>>>& tensors) {
    Json header = Json::object();
    uint64_t end = 0;
    for (const auto& [tensor, shape] : tensors) {
      uint64_t bytes = 2;
      for (const uint64_t size : shape) bytes *= size;
      header[tensor] = {{"dtype", "BF16"}, {"shape", shape}, {"data_offsets", {end, end + bytes}}};
      end += bytes;
    }
    const std::string text = header.dump();
    std::string length;
    for (int i = 0; i < 8; ++i) length += static_cast<char>(text.size() >> (8 * i) & 0xff);
    fs::resize_file(folder.write(name, length + text), 8 + text.size() + end);
    sum += end;
  };
  write_sparse("model-00000-of-00064.safetensors",
               {{"model.embed_tokens.weight", {131072, 6144}}, {"model.norm.scale", {6144}}});
  for (int i = 0; i < 64; ++i) {
    const std::string layer = "model.layers." + std::to_string(i) + ".";
    std::vector<std::pair<std::string, std::vector<uint64_t>>> tensors{{layer + "attn.q_proj.weight", {6144, 6144}},
                                                                       {layer + "attn.k_proj.weight", {1024, 6144}},
                                                                       {layer + "attn.v_proj.weight", {1024, 6144}},
                                                                       {layer + "attn.o_proj.weight", {6144, 6144}},
                                                                       {layer + "moe_block.gate.weight", {8, 6144}}};
    for (const char* norm : {"pre_attn", "post_attn", "pre_moe", "post_moe"})
      tensors.push_back({layer + norm + "_norm.scale", {6144}});
    for (int e = 0; e < 8; ++e) {
      const std::string expert = layer + "moe_block.experts." + std::to_string(e) + ".";
      tensors.push_back({expert + "linear.weight", {32768, 6144}});
      tensors.push_back({expert + "linear_v.weight", {32768, 6144}});
      tensors.push_back({expert + "linear_1.weight", {6144, 32768}});
    }
    write_sparse(fmt::format("model-{:05}-of-00064.safetensors", i + 1), tensors);
  }
  const auto source = open_model(folder.path().string());
  EXPECT_EQ(source->tensors().size(), 770u);
  EXPECT_EQ(source->config().head_dim, 128u);
  uint64_t bytes = 0;
  for (const Tensor& tensor : source->tensors()) bytes += tensor.bytes();
  EXPECT_EQ(bytes, sum);
  // The sum of the sizes above; the published bf16 files have 631 GB.
  EXPECT_EQ(bytes, 2 * 315'684'820'992u);
}

}  // namespace
}  // namespace grok1::test
