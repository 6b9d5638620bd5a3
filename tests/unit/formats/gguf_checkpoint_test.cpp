// Grok-1 as GGUF, opened: keys old and new, names in all their ways, and what is missing, too much, twice or Grok-2's.
#include "core/formats/gguf_checkpoint.h"

#include <gtest/gtest.h>

#include <tuple>

#include "tests/unit/formats/gguf_expect.h"
#include "tests/unit/formats/gguf_model.h"

namespace grok1::test {
namespace {

constexpr grok1_status kBad = GROK1_E_BAD_FILE, kNot = GROK1_E_UNSUPPORTED;

class GgufCheckpoint : public testing::Test {
 protected:
  std::unique_ptr<TensorSource> open() { return open_model(folder_.write("model.gguf", file_.bytes())); }

  gguf::Tensor& tensor(const std::string& name) {
    for (gguf::Tensor& found : file_.tensors) {
      if (found.name == name) return found;
    }
    ADD_FAILURE() << "no " << name;
    return file_.tensors[0];
  }
  void remove(const std::string& name) {
    std::erase_if(file_.tensors, [&](const gguf::Tensor& t) { return t.name == name; });
  }
  void remove_key(const std::string& key) {
    std::erase_if(file_.entries, [&](const std::string& e) { return e.starts_with(gguf::text(key)); });
  }
  void set(const std::string& key, const std::string& entry) {
    remove_key(key);
    file_.entries.push_back(entry);
  }

  // The value of the last key is what is wrong.
  void expect_last_key_refused(grok1_status status, const std::string& words) {
    const std::string& entry = file_.entries.back();
    const uint64_t key_size = static_cast<uint8_t>(entry[0]);
    expect_bytes_refused(file_.bytes(), status, position(file_.bytes(), entry) + 8 + key_size + 4, words);
  }
  // The entry of the tensor is what is wrong, `shift` behind its begin.
  void expect_tensor_refused(const std::string& name, uint64_t shift, grok1_status status, const std::string& words) {
    expect_bytes_refused(file_.bytes(), status, position(file_.bytes(), gguf::text(name)) + shift, words);
  }
  uint64_t shape_shift(const std::string& name) { return 8 + name.size(); }
  uint64_t type_shift(const std::string& name) { return 8 + name.size() + 4 + 8 * tensor(name).ne.size(); }

  TemporaryFolder folder_;
  gguf::File file_ = small_gguf();
};

TEST_F(GgufCheckpoint, Numbers) {
  set("grok.embedding_scale", gguf::f32("grok.embedding_scale", 2.5f));
  set("grok.attention.layer_norm_rms_epsilon", gguf::f64("grok.attention.layer_norm_rms_epsilon", 0.25));
  file_.entries.push_back(gguf::u32("tokenizer.ggml.eos_token_id", 7));
  const auto source = open();
  const Config& c = source->config();
  EXPECT_EQ(source->format(), "GGUF");
  EXPECT_EQ(source->n_files(), 1u);
  EXPECT_EQ(source->file_bytes(), file_.bytes().size());
  EXPECT_EQ(c.layers, 1u);
  EXPECT_EQ(c.d_model, 32u);
  EXPECT_EQ(c.heads, 2u);
  EXPECT_EQ(c.kv_heads, 1u);
  EXPECT_EQ(c.head_dim, 16u);
  EXPECT_EQ(c.ffn, 32u);
  EXPECT_EQ(c.experts, 2u);
  EXPECT_EQ(c.experts_used, 1u);
  EXPECT_EQ(c.vocab_size, 8u);
  EXPECT_EQ(c.context, 64u);
  EXPECT_EQ(c.embedding_multiplier, 2.5);
  EXPECT_EQ(c.rms_norm_eps, 0.25);
  EXPECT_EQ(c.eos_id, 7);
  EXPECT_EQ(c.bos_id, 1);
  // Rounded to float32 in the file, and Grok-1's all the same.
  EXPECT_EQ(c.output_multiplier, 0.5773502691896257);
  EXPECT_EQ(c.attention_multiplier, 0.08838834764831845);
  EXPECT_TRUE(source->warnings().empty());
}

TEST_F(GgufCheckpoint, EveryFactorHasItsKey) {
  const std::tuple<const char*, double Config::*, float> factors[] = {
      {"grok.embedding_scale", &Config::embedding_multiplier, 2.0f},
      {"grok.logit_scale", &Config::output_multiplier, 4.0f},
      {"grok.attention.output_scale", &Config::attention_multiplier, 8.0f},
      {"grok.attn_logit_softcapping", &Config::attention_soft_cap, 16.0f},
      {"grok.rope.freq_base", &Config::rope_base, 32.0f},
      {"grok.attention.layer_norm_rms_epsilon", &Config::rms_norm_eps, 0.5f}};
  for (const auto& [key, field, value] : factors) set(key, gguf::f32(key, value));
  // Of these the first means nothing in Grok-1, and the third goes before the second.
  set("grok.router_logit_softcapping", gguf::f32("grok.router_logit_softcapping", 7));
  set("grok.feed_forward_length", gguf::u32("grok.feed_forward_length", 96));
  set("grok.expert_feed_forward_length", gguf::u32("grok.expert_feed_forward_length", 32));
  const Config c = open()->config();
  for (const auto& [key, field, value] : factors) EXPECT_EQ(c.*field, double{value}) << key;
  EXPECT_EQ(c.ffn, 32u);
}

// Files of 2024 have no multipliers, no caps, no widths of heads.
TEST_F(GgufCheckpoint, OldFilesHaveGrok1sNumbers) {
  for (const char* key :
       {"grok.embedding_scale", "grok.logit_scale", "grok.attention.output_scale", "grok.attn_logit_softcapping",
        "grok.router_logit_softcapping", "grok.context_length", "grok.rope.freq_base", "grok.attention.key_length",
        "grok.attention.value_length", "grok.attention.layer_norm_rms_epsilon"}) {
    remove_key(key);
  }
  const Config grok1, c = open()->config();
  EXPECT_EQ(c.embedding_multiplier, grok1.embedding_multiplier);
  EXPECT_EQ(c.output_multiplier, grok1.output_multiplier);
  EXPECT_EQ(c.attention_multiplier, grok1.attention_multiplier);
  EXPECT_EQ(c.attention_soft_cap, 30.0);
  EXPECT_EQ(c.context, 8192u);
  EXPECT_EQ(c.rope_base, 10000.0);
  EXPECT_EQ(c.rms_norm_eps, 1e-5);
  EXPECT_EQ(c.head_dim, 16u);
}

TEST_F(GgufCheckpoint, WidthOfAHead) {
  remove_key("grok.attention.value_length");
  file_.entries.push_back(gguf::u32("grok.rope.dimension_count", 16));
  EXPECT_EQ(open()->config().head_dim, 16u);
  set("grok.rope.dimension_count", gguf::u32("grok.rope.dimension_count", 8));
  expect_last_key_refused(kNot, "grok.rope.dimension_count: the width of a head, 16, wanted, found 8");
  remove_key("grok.rope.dimension_count");
  set("grok.attention.key_length", gguf::u32("grok.attention.key_length", 15));
  expect_last_key_refused(kBad, "an even width");
  remove_key("grok.attention.key_length");
  set("grok.attention.head_count", gguf::u32("grok.attention.head_count", 3));
  expect_last_key_refused(kBad, "a divisor of the width 32");
}

TEST_F(GgufCheckpoint, MissingSizesAreNamed) {
  for (const char* key :
       {"general.architecture", "grok.block_count", "grok.embedding_length", "grok.feed_forward_length",
        "grok.attention.head_count", "grok.expert_count", "grok.expert_used_count"}) {
    file_ = small_gguf();
    remove_key(key);
    expect_bytes_refused(file_.bytes(), kBad, 0, std::string(key) + ": ");
  }
}

TEST_F(GgufCheckpoint, WrongNumbersAreNamed) {
  const auto refused = [&](const std::string& key, const std::string& entry, const std::string& words) {
    file_ = small_gguf();
    set(key, entry);
    expect_last_key_refused(kBad, key + ": " + words);
  };
  refused("grok.block_count", gguf::u32("grok.block_count", 0), "an integer of 1 to 4096 wanted, found 0");
  refused("grok.block_count", gguf::u32("grok.block_count", 4097), "an integer of 1 to 4096 wanted, found 4097");
  refused("grok.block_count", gguf::i32("grok.block_count", -1), "an integer of 1 to 4096 wanted, found -1");
  refused("grok.block_count", gguf::f32("grok.block_count", 1), "an integer of 1 to 4096 wanted, found float32");
  refused("grok.expert_count", gguf::u32("grok.expert_count", 257), "an integer of 1 to 256 wanted, found 257");
  refused("grok.expert_used_count", gguf::u32("grok.expert_used_count", 3), "at most the 2 experts");
  refused("grok.attention.head_count_kv", gguf::u32("grok.attention.head_count_kv", 3), "a divisor of the 2 heads");
  refused("grok.rope.freq_base", gguf::f32("grok.rope.freq_base", -1), "a number of 1 to");
  refused("grok.rope.freq_base", gguf::f32("grok.rope.freq_base", std::nanf("")), "a number of 1 to");
  refused("grok.logit_scale", gguf::u32("grok.logit_scale", 1), "a float32 or float64 wanted, found uint32");
  refused("grok.vocab_size", gguf::u32("grok.vocab_size", 9), "8 wanted, the rows of token_embd.weight, found 9");
  refused("tokenizer.ggml.bos_token_id", gguf::u32("tokenizer.ggml.bos_token_id", 8), "an integer of 0 to 7");
}

// As newer architectures have them.
TEST_F(GgufCheckpoint, SizesOfEachLayerAreNotTaken) {
  const std::string entry = gguf::array("grok.attention.head_count", gguf::kU32, 1, gguf::number(2, 4));
  set("grok.attention.head_count", entry);
  expect_bytes_refused(file_.bytes(), kBad, position(file_.bytes(), entry) + 8 + 25 + 4 + 4,
                       "an integer of 1 to 65536 wanted, found an array of uint32");
}

TEST_F(GgufCheckpoint, OtherModelsAreRefusedByName) {
  set("general.architecture", gguf::string("general.architecture", "llama"));
  expect_last_key_refused(kNot, "grok wanted, found \"llama\"");
  file_ = small_gguf();
  file_.entries.push_back(gguf::f32("grok.final_logit_softcapping", 50));
  expect_last_key_refused(kNot, "this is Grok-2");
  file_.entries.back() = gguf::u32("grok.attention.temperature_length", 1024);
  expect_last_key_refused(kNot, "this is Grok-2");
  file_.entries.back() = gguf::string("grok.rope.scaling.type", "yarn");
  expect_last_key_refused(kNot, "this is Grok-2");
  file_.entries.back() = gguf::string("grok.rope.scaling.type", "none");
  open();
  file_.tensors.push_back({"blk.0.ffn_gate.weight", {32, 32}, 0, std::string(4096, 'x')});
  expect_tensor_refused("blk.0.ffn_gate.weight", 0, kNot, "this is Grok-2");
}

TEST_F(GgufCheckpoint, TensorsOfMergedExperts) {
  const auto source = open();
  EXPECT_EQ(source->tensors().size(), 14u);
  const std::string bytes = file_.bytes();
  for (const Tensor& tensor : source->tensors()) {
    ASSERT_EQ(tensor.values.parts.size(), 1u);
    const TensorPart& part = tensor.values.parts[0];
    EXPECT_EQ(part.name, tensor.name);
    const std::string& data = this->tensor(tensor.name).data;
    EXPECT_EQ(tensor.bytes(), data.size()) << tensor.name;
    EXPECT_EQ(bytes.compare(part.offset, data.size(), data), 0) << tensor.name;
  }
  const Tensor& down = source->find(TensorRole::kDown);
  EXPECT_EQ(down.name, "blk.0.ffn_down_exps.weight");
  EXPECT_EQ(down.values.shape, (std::array<uint64_t, 4>{2, 32, 32}));
  EXPECT_TRUE(down.transposed);
  EXPECT_EQ(source->find(TensorRole::kKey).values.shape, (std::array<uint64_t, 4>{16, 32}));  // [N, K]
  EXPECT_EQ(source->find(TensorRole::kEmbedding).values.shape, (std::array<uint64_t, 4>{8, 32}));
  EXPECT_FALSE(source->find(TensorRole::kEmbedding).transposed);
}

TEST_F(GgufCheckpoint, TensorsOfSingleExperts) {
  for (const char* name : {"gate", "up", "down"}) {
    const gguf::Tensor merged = tensor(fmt::format("blk.0.ffn_{}_exps.weight", name));
    remove(merged.name);
    for (const size_t expert : {1, 0}) {  // in no order
      file_.tensors.push_back(
          {fmt::format("blk.0.ffn_{}.{}.weight", name, expert), {32, 32}, 0, merged.data.substr(expert * 4096, 4096)});
    }
  }
  const auto source = open();
  const Tensor& up = source->find(TensorRole::kUp);
  EXPECT_EQ(up.name, "blk.0.ffn_up_exps.weight");
  EXPECT_EQ(up.values.shape, (std::array<uint64_t, 4>{2, 32, 32}));
  ASSERT_EQ(up.values.parts.size(), 2u);
  for (uint32_t expert = 0; expert < 2; ++expert) {
    const TensorPart& part = up.values.parts[expert];
    EXPECT_EQ(part.name, fmt::format("blk.0.ffn_up.{}.weight", expert));
    EXPECT_EQ(part.expert_begin, expert);
    EXPECT_EQ(part.expert_end, expert + 1);
    EXPECT_EQ(file_.bytes().compare(part.offset, 4096, tensor(part.name).data), 0);
  }
  // One of another encoding, missing, too many, twice.
  const gguf::File whole = file_;
  gguf::Tensor& other = tensor("blk.0.ffn_up.1.weight");
  other.type = 1;
  other.data.resize(2048);
  expect_tensor_refused("blk.0.ffn_up.1.weight", type_shift("blk.0.ffn_up.1.weight"), kNot,
                        "blk.0.ffn_up.1.weight is f16, but blk.0.ffn_up.0.weight is f32");
  file_ = whole;
  remove("blk.0.ffn_down.0.weight");
  expect_bytes_refused(file_.bytes(), kBad, 0, "expert 0 of blk.0.ffn_down_exps.weight is missing");
  file_ = whole;
  tensor("blk.0.ffn_down.0.weight").name = "blk.0.ffn_down.2.weight";
  expect_tensor_refused("blk.0.ffn_down.2.weight", 0, kBad, "the model has 2 experts");
  file_ = whole;
  tensor("blk.0.ffn_down.0.weight").name = "blk.0.ffn_down.01.weight";
  expect_tensor_refused("blk.0.ffn_down.01.weight", 0, kBad, "Grok-1 has no tensor of this name");
  file_ = whole;
  file_.tensors.push_back({"blk.0.ffn_up_exps.weight", {32, 32, 2}, 0, std::string(8192, 'x')});
  expect_tensor_refused("blk.0.ffn_up_exps.weight", 0, kBad, "is the same tensor");
}

TEST_F(GgufCheckpoint, GateAndUpInOne) {
  const std::string gate = tensor("blk.0.ffn_gate_exps.weight").data, up = tensor("blk.0.ffn_up_exps.weight").data;
  remove("blk.0.ffn_gate_exps.weight");
  remove("blk.0.ffn_up_exps.weight");
  file_.tensors.push_back({"blk.0.ffn_gate_up_exps.weight",
                           {32, 64, 2},
                           0,
                           gate.substr(0, 4096) + up.substr(0, 4096) + gate.substr(4096) + up.substr(4096)});
  const auto source = open();
  const std::string bytes = file_.bytes();
  for (const auto& [role, data] : {std::pair(TensorRole::kGate, gate), std::pair(TensorRole::kUp, up)}) {
    const Tensor& tensor = source->find(role);
    EXPECT_EQ(tensor.values.shape, (std::array<uint64_t, 4>{2, 32, 32}));
    const TensorPart& part = tensor.values.parts.at(0);
    EXPECT_EQ(part.name, "blk.0.ffn_gate_up_exps.weight");
    EXPECT_EQ(part.expert_stride, 8192u);
    for (size_t expert = 0; expert < 2; ++expert) {
      EXPECT_EQ(bytes.compare(part.offset + expert * part.expert_stride, 4096, data.substr(expert * 4096, 4096)), 0);
    }
  }
  file_.tensors.push_back({"blk.0.ffn_up_exps.weight", {32, 32, 2}, 0, up});
  expect_tensor_refused("blk.0.ffn_up_exps.weight", 0, kBad, "blk.0.ffn_gate_up_exps.weight is the same tensor");
}

TEST_F(GgufCheckpoint, NewNameOfTheLastNorm) {
  tensor("blk.0.layer_output_norm.weight").name = "blk.0.post_ffw_norm.weight";
  EXPECT_EQ(open()->find(TensorRole::kPostMoeNorm).values.parts[0].name, "blk.0.post_ffw_norm.weight");
  file_.tensors.push_back({"blk.0.layer_output_norm.weight", {32}, 0, std::string(128, '\0')});
  expect_tensor_refused("blk.0.layer_output_norm.weight", 0, kBad, "blk.0.post_ffw_norm.weight is the same tensor");
}

TEST_F(GgufCheckpoint, EveryMissingTensorIsNamed) {
  const gguf::File whole = file_;
  for (const gguf::Tensor& one : whole.tensors) {
    file_ = whole;
    remove(one.name);
    expect_bytes_refused(file_.bytes(), kBad, 0, one.name + (one.name == "token_embd.weight" ? "" : " is missing"));
  }
}

TEST_F(GgufCheckpoint, EveryMisshapenTensorIsNamed) {
  const gguf::File whole = file_;
  for (const gguf::Tensor& one : whole.tensors) {
    if (one.name == "token_embd.weight") continue;  // its rows are the vocabulary
    file_ = whole;
    tensor(one.name).ne.back() -= 1;
    tensor(one.name).data.resize(one.data.size() / one.ne.back() * (one.ne.back() - 1));
    expect_tensor_refused(one.name, shape_shift(one.name), kBad, one.name + ": ");
  }
  file_ = whole;
  tensor("token_embd.weight").ne = {8, 32};
  expect_tensor_refused("token_embd.weight", shape_shift("token_embd.weight"), kBad,
                        "32 x 32 elements wanted, innermost first, found 8 x 32");
}

TEST_F(GgufCheckpoint, OthersAreNamed) {
  file_.tensors.push_back({"rope_freqs.weight", {8}, 0, std::string(32, '\0')});
  file_.tensors.push_back({"blk.0.attn_rot_embd.weight", {8}, 0, std::string(32, '\0')});
  EXPECT_EQ(open()->tensors().size(), 14u);
  for (const char* name : {"blk.1.attn_q.weight", "blk.0.attn_q.bias", "blk.00.attn_q.weight", "blk.0.attn_qkv.weight",
                           "token_types.weight", "blk.", "blk.0", "blk.0.", "blk.0.ffn_up..weight",
                           "blk.4294967296.attn_q.weight", "blk.-1.attn_q.weight"}) {
    file_.tensors.push_back({name, {32, 32}, 0, std::string(4096, 'x')});
    expect_tensor_refused(name, 0, kBad, name);
    file_.tensors.pop_back();
  }
}

TEST_F(GgufCheckpoint, EncodingsOfItsTensors) {
  for (const char* name : {"blk.0.attn_norm.weight", "blk.0.ffn_gate_inp.weight", "output_norm.weight"}) {
    for (const uint32_t type : {1u, 30u}) {
      tensor(name).type = type;
      tensor(name).data.resize(tensor(name).data.size() / 2);
      open();
      tensor(name).data.resize(tensor(name).data.size() * 2);
    }
    const gguf::Tensor before = tensor(name);
    tensor(name).type = 8;
    expect_tensor_refused(name, type_shift(name), kNot, std::string(name) + ": F32, F16 or BF16 wanted, found q8_0");
    tensor(name) = before;
  }
  gguf::Tensor& up = tensor("blk.0.ffn_up_exps.weight");
  up.type = 8;
  up.data.resize(2 * 32 * 34);
  gguf::Tensor& query = tensor("blk.0.attn_q.weight");
  query.type = 2;
  query.data.resize(32 * 18);
  const auto source = open();
  EXPECT_EQ(source->find(TensorRole::kUp).values.encoding, uint32_t{GROK1_ENCODING_Q8_0});
  EXPECT_EQ(source->find(TensorRole::kUp).bytes(), 2u * 32 * 34);
  EXPECT_EQ(source->find(TensorRole::kQuery).values.encoding, uint32_t{GROK1_ENCODING_Q4_0});
  EXPECT_EQ(source->find(TensorRole::kGate).values.encoding, uint32_t{GROK1_ENCODING_F32});
}

bool has_head(const TensorSource& source) {
  return std::any_of(source.tensors().begin(), source.tensors().end(),
                     [](const Tensor& tensor) { return tensor.role == TensorRole::kHead; });
}

TEST_F(GgufCheckpoint, AHeadThatIsTheEmbeddingIsTied) {
  EXPECT_FALSE(has_head(*open()));
  file_.tensors.push_back({"output.weight", {32, 8}, 0, tensor("token_embd.weight").data});
  EXPECT_FALSE(has_head(*open()));
  file_.tensors.back().data.back() ^= 1;
  const auto source = open();
  EXPECT_TRUE(has_head(*source));
  EXPECT_EQ(source->find(TensorRole::kHead).values.shape, (std::array<uint64_t, 4>{8, 32}));
  file_.tensors.back().type = 8;
  file_.tensors.back().data.resize(8 * 34);
  EXPECT_TRUE(has_head(*open()));
  file_.tensors.back().ne = {32, 9};
  file_.tensors.back().data.resize(9 * 34);
  expect_tensor_refused("output.weight", 8 + 13, kBad, "32 x 8 elements wanted");
}

TEST_F(GgufCheckpoint, AChangedFileIsNoticed) {
  const auto source = open();
  source->require_unchanged();
  std::filesystem::resize_file(folder_.path() / "model.gguf", 1000);
  EXPECT_THROW(source->require_unchanged(), Failure);
}

// One layer of Grok-1's width and nothing else of its size. 100000 is what broken configs of 2024 said.
TEST(GgufWarnings, NumbersThatAreNotGrok1sAtItsWidth) {
  const uint64_t d = 6144;
  gguf::File file;
  file.entries = {gguf::string("general.architecture", "grok"),
                  gguf::u32("grok.block_count", 1),
                  gguf::u32("grok.embedding_length", d),
                  gguf::u32("grok.feed_forward_length", 1),
                  gguf::u32("grok.attention.head_count", 1),
                  gguf::u32("grok.attention.key_length", 2),
                  gguf::u32("grok.expert_count", 1),
                  gguf::u32("grok.expert_used_count", 1)};
  const auto add = [&](const char* name, std::vector<uint64_t> ne) {
    uint64_t bytes = 4;
    for (const uint64_t n : ne) bytes *= n;
    file.tensors.push_back({name, ne, 0, std::string(bytes, '\0')});
  };
  add("token_embd.weight", {d, 2});
  add("output_norm.weight", {d});
  for (const char* norm : {"attn_norm", "attn_output_norm", "ffn_norm", "layer_output_norm"}) {
    add(fmt::format("blk.0.{}.weight", norm).c_str(), {d});
  }
  for (const char* in : {"attn_q", "attn_k", "attn_v"}) add(fmt::format("blk.0.{}.weight", in).c_str(), {d, 2});
  add("blk.0.attn_output.weight", {2, d});
  add("blk.0.ffn_gate_inp.weight", {d});  // [d, 1]: a size of 1 is left out
  add("blk.0.ffn_gate_exps.weight", {d});
  add("blk.0.ffn_up_exps.weight", {d, 1, 1});
  add("blk.0.ffn_down_exps.weight", {1, d});
  const TemporaryFolder folder;
  EXPECT_TRUE(open_model(folder.write("a.gguf", file.bytes()))->warnings().empty());
  file.entries.push_back(gguf::f32("grok.rope.freq_base", 100000));
  file.entries.push_back(gguf::f32("grok.router_logit_softcapping", 30));
  const auto warnings = open_model(folder.write("a.gguf", file.bytes()))->warnings();
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_NE(warnings[0].find("grok.rope.freq_base is 100000, but Grok-1 was trained with 10000"), std::string::npos);
}

}  // namespace
}  // namespace grok1::test
