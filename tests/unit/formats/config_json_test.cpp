#include "core/formats/config_json.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "core/base/failure.h"
#include "tests/unit/formats/temporary_folder.h"

namespace grok1::test {
namespace {

using Json = nlohmann::json;

const Json kSizes = {{"num_hidden_layers", 3},
                     {"hidden_size", 96},
                     {"num_attention_heads", 48},
                     {"num_key_value_heads", 8},
                     {"head_dim", 16},
                     {"intermediate_size", 512},
                     {"num_experts", 8},
                     {"num_experts_per_tok", 2},
                     {"vocab_size", 320},
                     {"max_position_embeddings", 256}};

class ConfigJson : public testing::Test {
 protected:
  Config read(const std::string& text) { return read_config_json(folder_.write("config.json", text)); }

  void expect_refused(const std::string& text, const std::string& reason, grok1_status status = GROK1_E_BAD_FILE,
                      int64_t offset = -1) {
    try {
      read(text);
      ADD_FAILURE() << "accepted: " << text.substr(0, 200);
    } catch (const Failure& failure) {
      EXPECT_EQ(failure.status(), status) << failure.message();
      EXPECT_NE(failure.message().find(reason), std::string::npos) << failure.message();
      EXPECT_NE(failure.message().find("config.json"), std::string::npos) << failure.message();
      if (offset >= 0) {
        EXPECT_EQ(failure.offset(), static_cast<uint64_t>(offset)) << failure.message();
      }
    }
  }

  void expect_value_refused(const std::string& key, const Json& value, const std::string& reason) {
    Json config = kSizes;
    config[key] = value;
    const std::string text = config.dump();
    expect_refused(text, '"' + key + '"', GROK1_E_BAD_FILE, static_cast<int64_t>(text.find('"' + key + '"')));
    expect_refused(text, reason);
  }

  TemporaryFolder folder_;
};

TEST_F(ConfigJson, SizesAreReadAndTheRestIsGrok1s) {
  const Config config = read(kSizes.dump());
  EXPECT_EQ(config.layers, 3u);
  EXPECT_EQ(config.d_model, 96u);
  EXPECT_EQ(config.heads, 48u);
  EXPECT_EQ(config.kv_heads, 8u);
  EXPECT_EQ(config.head_dim, 16u);
  EXPECT_EQ(config.ffn, 512u);
  EXPECT_EQ(config.experts, 8u);
  EXPECT_EQ(config.experts_used, 2u);
  EXPECT_EQ(config.vocab_size, 320u);
  EXPECT_EQ(config.context, 256u);
  EXPECT_EQ(config.embedding_multiplier, 78.38367176906169);
  EXPECT_EQ(config.output_multiplier, 0.5773502691896257);
  EXPECT_EQ(config.attention_multiplier, 0.08838834764831845);
  EXPECT_EQ(config.attention_soft_cap, 30.0);
  EXPECT_EQ(config.rope_base, 10000.0);
  EXPECT_EQ(config.rms_norm_eps, 1e-5);
  EXPECT_EQ(config.pad_id, 0);
  EXPECT_EQ(config.bos_id, 1);
  EXPECT_EQ(config.eos_id, 2);
}

TEST_F(ConfigJson, EveryNumberCanBeGiven) {
  Json json = kSizes;
  json["embedding_multiplier_scale"] = 2;
  json["output_multiplier_scale"] = 0.25;
  json["attn_output_multiplier"] = 0.5;
  json["max_attn_value"] = 0;
  json["rope_theta"] = 5e5;
  json["rms_norm_eps"] = 1e-6;
  json["pad_token_id"] = -1;
  json["bos_token_id"] = 7;
  json["eos_token_id"] = 319;
  json["tie_word_embeddings"] = true;
  json["anything else"] = {1, 2, 3};
  const Config config = read(json.dump());
  EXPECT_EQ(config.embedding_multiplier, 2.0);
  EXPECT_EQ(config.output_multiplier, 0.25);
  EXPECT_EQ(config.attention_multiplier, 0.5);
  EXPECT_EQ(config.attention_soft_cap, 0.0);
  EXPECT_EQ(config.rope_base, 5e5);
  EXPECT_EQ(config.rms_norm_eps, 1e-6);
  EXPECT_EQ(config.pad_id, -1);
  EXPECT_EQ(config.bos_id, 7);
  EXPECT_EQ(config.eos_id, 319);
}

TEST_F(ConfigJson, EverySizeIsRequiredAndPositive) {
  for (const auto& [key, value] : kSizes.items()) {
    Json config = kSizes;
    config.erase(key);
    expect_refused(config.dump(), '"' + key + "\": an integer");
    for (const Json& wrong : {Json(0), Json(-1), Json(2.0), Json("8"), Json(true), Json(nullptr), Json::array({8}),
                              Json(uint64_t{1} << 32), Json(UINT64_MAX), Json(INT64_MIN)}) {
      expect_value_refused(key, wrong, "wanted, found");
    }
  }
}

TEST_F(ConfigJson, NumbersMustBeInRange) {
  for (const char* key : {"embedding_multiplier_scale", "output_multiplier_scale", "attn_output_multiplier",
                          "max_attn_value", "rope_theta", "rms_norm_eps"}) {
    for (const Json& wrong : {Json(-1), Json(1e300), Json("1"), Json(true), Json(nullptr)}) {
      expect_value_refused(key, wrong, "a number of");
    }
  }
  expect_value_refused("rms_norm_eps", 0, "a number of");
  expect_value_refused("rope_theta", 0.5, "a number of");
  for (const char* key : {"pad_token_id", "bos_token_id", "eos_token_id"}) {
    for (const Json& wrong : {Json(-2), Json(320), Json(1.5), Json::array({2})}) {
      expect_value_refused(key, wrong, "an integer of -1 to 319");
    }
  }
}

TEST_F(ConfigJson, RelationsHold) {
  expect_value_refused("num_key_value_heads", 7, "a divisor of num_attention_heads = 48");
  expect_value_refused("head_dim", 15, "an even number");
  expect_value_refused("num_experts_per_tok", 9, "at most num_experts = 8");
  expect_value_refused("num_experts", 257, "1 to 256");
  expect_value_refused("tie_word_embeddings", 1, "true wanted");
  Json config = kSizes;
  config["tie_word_embeddings"] = false;
  expect_refused(config.dump(), "tie_word_embeddings", GROK1_E_UNSUPPORTED);
}

TEST_F(ConfigJson, SyntaxErrorsHaveAnOffset) {
  expect_refused("", "JSON wanted", GROK1_E_BAD_FILE, 0);
  expect_refused("{\"a\": 1,, }", "JSON wanted", GROK1_E_BAD_FILE, 8);
  expect_refused("{\"a\": NaN}", "JSON wanted", GROK1_E_BAD_FILE, 6);
  expect_refused("{\"a\": \"\xff\"}", "JSON wanted", GROK1_E_BAD_FILE, 7);
  expect_refused("{\"a\": 1e999}", "a double can hold", GROK1_E_BAD_FILE);
  expect_refused("[1, 2]", "a JSON object wanted, found array", GROK1_E_BAD_FILE, 0);
  expect_refused("null", "a JSON object wanted", GROK1_E_BAD_FILE, 0);
  expect_refused(kSizes.dump() + std::string("\0rest", 5), "a NUL byte", GROK1_E_BAD_FILE,
                 static_cast<int64_t>(kSizes.dump().size()));
}

TEST_F(ConfigJson, EveryTruncationIsRefused) {
  const std::string text = kSizes.dump();
  for (size_t size = 0; size < text.size(); ++size) expect_refused(text.substr(0, size), "config.json");
}

TEST_F(ConfigJson, SizeAndDepthAreBounded) {
  expect_refused(kSizes.dump() + std::string(1 << 20, ' '), "at most 1048576 bytes");
  expect_refused(std::string(1 << 20, '['), "JSON wanted");
  expect_refused(std::string(1 << 19, '[') + std::string(1 << 19, ']'), "a JSON object wanted, found array");
}

TEST_F(ConfigJson, AMissingFileIsNotFound) {
  try {
    read_config_json((folder_.path() / "config.json").string());
    ADD_FAILURE();
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.status(), GROK1_E_NOT_FOUND);
  }
}

class HfConfigJson : public ConfigJson {
 protected:
  HfConfig read_hf(const Json& json) { return read_hf_config_json(folder_.write("config.json", json.dump())); }

  void expect_hf_refused(const Json& json, grok1_status status, const std::string& key, const std::string& reason) {
    const std::string text = json.dump();
    try {
      read_hf(json);
      ADD_FAILURE() << "accepted: " << text;
    } catch (const Failure& failure) {
      EXPECT_EQ(failure.status(), status) << failure.message();
      EXPECT_NE(failure.message().find('"' + key + '"'), std::string::npos) << failure.message();
      EXPECT_NE(failure.message().find(reason), std::string::npos) << failure.message();
      if (status == GROK1_E_BAD_FILE) {
        const size_t at = text.find('"' + key + '"');
        EXPECT_EQ(failure.offset(), at == std::string::npos ? 0 : at) << failure.message();
      }
    }
  }

  static Json with(const std::string& key, const Json& value) {
    Json json = kSizes;
    json[key] = value;
    return json;
  }
  static Json renamed(const std::string& from, const std::string& to) {
    Json json = with(to, kSizes[from]);
    json.erase(from);
    return json;
  }
};

TEST_F(HfConfigJson, KeysHaveOtherNamesToo) {
  EXPECT_EQ(read_hf(kSizes).config.experts, 8u);
  EXPECT_EQ(read_hf(renamed("num_experts", "num_local_experts")).config.experts, 8u);
  EXPECT_EQ(read_hf(renamed("num_experts_per_tok", "num_selected_experts")).config.experts_used, 2u);
  EXPECT_EQ(read_hf(with("max_attn_value", 25)).config.attention_soft_cap, 25.0);
  EXPECT_EQ(read_hf(with("attn_logit_softcapping", 20)).config.attention_soft_cap, 20.0);
  EXPECT_EQ(read_hf(with("num_local_experts", 8)).config.experts, 8u);
  expect_hf_refused(with("num_local_experts", 7), GROK1_E_BAD_FILE, "num_local_experts", "is 8, the same wanted");
  Json neither = kSizes;
  neither.erase("num_experts");
  expect_refused(neither.dump(), "num_experts");  // and for a ckpt-0 only the one name
  expect_refused(renamed("num_experts", "num_local_experts").dump(), "\"num_experts\": an integer");
}

TEST_F(HfConfigJson, HeadDimFollowsFromTheSizes) {
  Json json = kSizes;  // 48 heads
  json.erase("head_dim");
  EXPECT_EQ(read_hf(json).config.head_dim, 2u);
  json["hidden_size"] = 100;
  expect_hf_refused(json, GROK1_E_BAD_FILE, "num_attention_heads", "a divisor of hidden_size = 100");
  json["hidden_size"] = 48;
  expect_hf_refused(json, GROK1_E_BAD_FILE, "head_dim", "an even number wanted, found 1");
}

TEST_F(HfConfigJson, NullIsAsGoodAsNone) {
  const HfConfig read = read_hf(with("pad_token_id", nullptr));
  EXPECT_EQ(read.config.pad_id, 0);
  EXPECT_FALSE(read.tied.has_value());
  expect_refused(with("pad_token_id", nullptr).dump(), "pad_token_id");
  expect_hf_refused(with("vocab_size", nullptr), GROK1_E_BAD_FILE, "vocab_size", "found no such key");
}

TEST_F(HfConfigJson, TheHeadMayBeOfItsOwn) {
  EXPECT_EQ(read_hf(with("tie_word_embeddings", false)).tied, false);
  EXPECT_EQ(read_hf(with("tie_word_embeddings", true)).tied, true);
  expect_hf_refused(with("tie_word_embeddings", "yes"), GROK1_E_BAD_FILE, "tie_word_embeddings", "found string");
}

TEST_F(HfConfigJson, GeluHasThreeNames) {
  for (const char* name : {"gelu", "gelu_new", "gelu_pytorch_tanh"}) read_hf(with("hidden_act", name));
  for (const Json& other : {Json("silu"), Json("gelu_erf"), Json(""), Json(1), Json::array({"gelu"})}) {
    expect_hf_refused(with("hidden_act", other), GROK1_E_UNSUPPORTED, "hidden_act", "found " + other.dump());
  }
}

TEST_F(HfConfigJson, SuccessorsAreNamedAndRefused) {
  const std::pair<const char*, Json> foreign[] = {
      {"residual_moe", true},         {"num_shared_experts", 1},       {"final_logit_softcapping", 50.0},
      {"attn_temperature_len", 1024}, {"rope_rotate_half_dims", true}, {"rope_scaling", {{"type", "yarn"}}},
      {"rope_type", "yarn"}};
  for (const auto& [key, value] : foreign) {
    expect_hf_refused(with(key, value), GROK1_E_UNSUPPORTED, key, "not Grok-1");
  }
  // A Grok-2's sizes are not even looked at.
  expect_hf_refused({{"residual_moe", true}}, GROK1_E_UNSUPPORTED, "residual_moe", "Grok-2");
  const std::pair<const char*, Json> own[] = {{"residual_moe", false},         {"num_shared_experts", 0},
                                              {"final_logit_softcapping", 0},  {"final_logit_softcapping", nullptr},
                                              {"attn_temperature_len", -1},    {"rope_rotate_half_dims", false},
                                              {"rope_scaling", nullptr},       {"rope_type", "original"},
                                              {"router_logit_softcapping", 30}};
  for (const auto& [key, value] : own) EXPECT_EQ(read_hf(with(key, value)).config.d_model, 96u) << key;
}

}  // namespace
}  // namespace grok1::test
