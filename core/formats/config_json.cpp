#include "core/formats/config_json.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>

#include "core/base/failure.h"
#include "core/base/mapped_file.h"

namespace grok1 {
namespace {

using Json = nlohmann::json;

constexpr uint64_t kMostBytes = 1 << 20;  // the golden cases' files have 640

struct SizeKey {
  const char* name;
  uint32_t Config::*field;
  uint32_t most;  // 64 times Grok-1's and more: these bounds keep arithmetic safe, they are no judgement
  const char* other_name = nullptr;  // in some Hugging Face ports
};
constexpr SizeKey kSizes[] = {
    {"num_hidden_layers", &Config::layers, 4096},
    {"hidden_size", &Config::d_model, 1 << 20},
    {"num_attention_heads", &Config::heads, 1 << 16},
    {"num_key_value_heads", &Config::kv_heads, 1 << 16},
    {"head_dim", &Config::head_dim, 1 << 16},
    {"intermediate_size", &Config::ffn, 1 << 24},
    {"num_experts", &Config::experts, 256, "num_local_experts"},  // grok1_backend.h: experts <= 256
    {"num_experts_per_tok", &Config::experts_used, 256, "num_selected_experts"},
    {"vocab_size", &Config::vocab_size, 1 << 24},
    {"max_position_embeddings", &Config::context, 1 << 24},
};

struct FactorKey {
  const char* name;
  double Config::*field;
  double least, most;
  const char* other_name = nullptr;
};
constexpr FactorKey kFactors[] = {
    {"embedding_multiplier_scale", &Config::embedding_multiplier, 1e-9, 1e9},
    {"output_multiplier_scale", &Config::output_multiplier, 1e-9, 1e9},
    {"attn_output_multiplier", &Config::attention_multiplier, 1e-9, 1e9},
    {"max_attn_value", &Config::attention_soft_cap, 0.0, 1e9, "attn_logit_softcapping"},  // 0: no cap
    {"rope_theta", &Config::rope_base, 1.0, 1e12},
    {"rms_norm_eps", &Config::rms_norm_eps, 1e-12, 1.0},
};

struct TokenKey {
  const char* name;
  int32_t Config::*field;
};
constexpr TokenKey kTokens[] = {
    {"pad_token_id", &Config::pad_id}, {"bos_token_id", &Config::bos_id}, {"eos_token_id", &Config::eos_id}};

// Keys of the ports that change the mathematics. At zero, false, null or below zero they leave it Grok-1's.
constexpr const char* kForeign[] = {"residual_moe",         "num_shared_experts",    "final_logit_softcapping",
                                    "attn_temperature_len", "rope_rotate_half_dims", "rope_scaling"};
// All three mean the tanh form: it is what the weights were trained with, and "gelu" is what the first port called it.
constexpr std::string_view kActivations[] = {"gelu", "gelu_new", "gelu_pytorch_tanh"};

enum class Style : uint8_t { kCkpt0, kHf };

class ConfigFile {
 public:
  explicit ConfigFile(const std::string& path, Style style) : file_(path), style_(style) {
    if (file_.size() > kMostBytes) {
      fail_in_file(path, kMostBytes, "a config.json of at most {} bytes wanted, found {}", kMostBytes, file_.size());
    }
    text_ = {reinterpret_cast<const char*>(file_.bytes().data()), file_.size()};
    // The parser takes a NUL for the end of the text.
    if (const size_t nul = text_.find('\0'); nul != std::string_view::npos) {
      fail_in_file(path, nul, "JSON wanted, found a NUL byte");
    }
    try {
      root_ = Json::parse(text_.begin(), text_.end());
    } catch (const Json::parse_error& error) {  // counts bytes from 1, 0 where it knows none
      fail_in_file(path, error.byte == 0 ? 0 : error.byte - 1, "JSON wanted, found a syntax error");
    } catch (const Json::exception&) {
      fail_in_file(path, 0, "JSON with numbers that a double can hold wanted");
    }
    if (!root_.is_object()) fail_in_file(path, 0, "a JSON object wanted, found {}", root_.type_name());
  }

  Config read() const {
    Config config;
    for (const SizeKey& key : kSizes) config.*key.field = size(key, config);
    for (const FactorKey& key : kFactors) {
      const char* name = name_of(key.name, key.other_name);
      if (has(name)) config.*key.field = number(name, key.least, key.most);
    }
    for (const TokenKey& key : kTokens) {
      if (has(key.name))
        config.*key.field = static_cast<int32_t>(integer(key.name, -1, int64_t{config.vocab_size} - 1));
    }
    check(config);
    return config;
  }

  std::optional<bool> tied() const {
    if (!has("tie_word_embeddings")) return std::nullopt;
    const Json& tied = root_["tie_word_embeddings"];
    if (!tied.is_boolean()) fail_at("tie_word_embeddings", "true wanted, found {}", tied.type_name());
    return tied.get<bool>();
  }

  void require_grok1() const {
    for (const char* key : kForeign) {
      if (has(key) && is_on(root_[key])) fail_foreign(key);
    }
    // "original" is the plain rotation by another name.
    if (has("rope_type") && root_["rope_type"] != "original" && root_["rope_type"] != "default")
      fail_foreign("rope_type");
    if (!has("hidden_act")) return;
    const Json& activation = root_["hidden_act"];
    if (std::find(std::begin(kActivations), std::end(kActivations), activation) != std::end(kActivations)) return;
    fail(GROK1_E_UNSUPPORTED, "{}: \"hidden_act\": {} wanted, found {}", file_.path(), fmt::join(kActivations, " or "),
         shown(activation));
  }

 private:
  // In a ckpt-0's config.json null is a mistake.
  bool has(const char* key) const { return root_.contains(key) && !(style_ == Style::kHf && root_[key].is_null()); }

  static bool is_on(const Json& value) {
    if (value.is_boolean()) return value.get<bool>();
    if (value.is_number()) return value.get<double>() > 0;
    return !value.empty();
  }

  [[noreturn]] void fail_foreign(const char* key) const {
    fail(GROK1_E_UNSUPPORTED, "{}: \"{}\" is {}: this is Grok-2 or another model, not Grok-1", file_.path(), key,
         shown(root_[key]));
  }

  // Values go to a terminal.
  static std::string shown(const Json& value) {
    return value.dump(-1, ' ', true, Json::error_handler_t::replace).substr(0, 60);
  }

  // Whichever of a key's names is there. Both may be, if they agree.
  const char* name_of(const char* name, const char* other_name) const {
    if (style_ == Style::kCkpt0 || other_name == nullptr || !has(other_name)) return name;
    if (has(name) && root_[name] != root_[other_name]) {
      fail_at(other_name, "\"{}\" is {}, the same wanted, found {}", name, shown(root_[name]),
              shown(root_[other_name]));
    }
    return other_name;
  }

  uint32_t size(const SizeKey& key, const Config& config) const {
    const bool follows = key.field == &Config::head_dim && style_ == Style::kHf && !has("head_dim");
    if (!follows) return static_cast<uint32_t>(integer(name_of(key.name, key.other_name), 1, key.most));
    if (config.d_model % config.heads != 0) {
      fail_at("num_attention_heads", "a divisor of hidden_size = {} wanted where there is no head_dim, found {}",
              config.d_model, config.heads);
    }
    return config.d_model / config.heads;
  }

  template <class... Args>
  [[noreturn]] void fail_at(const char* key, fmt::format_string<Args...> format, Args&&... args) const {
    const size_t found = text_.find('"' + std::string(key) + '"');
    fail_in_file(file_.path(), found == std::string_view::npos ? 0 : found, "\"{}\": {}", key,
                 fmt::format(format, std::forward<Args>(args)...));
  }

  int64_t integer(const char* key, int64_t least, int64_t most) const {
    if (!has(key)) fail_at(key, "an integer of {} to {} wanted, found no such key", least, most);
    const Json& value = root_[key];
    if (!value.is_number_integer()) {
      fail_at(key, "an integer of {} to {} wanted, found {}", least, most, value.type_name());
    }
    const bool beyond = value.is_number_unsigned() && value.get<uint64_t>() > static_cast<uint64_t>(INT64_MAX);
    if (beyond || value.get<int64_t>() < least || value.get<int64_t>() > most) {
      fail_at(key, "an integer of {} to {} wanted, found {}", least, most, value.dump());
    }
    return value.get<int64_t>();
  }

  double number(const char* key, double least, double most) const {
    const Json& value = root_[key];
    if (!value.is_number()) fail_at(key, "a number of {} to {} wanted, found {}", least, most, value.type_name());
    const auto found = value.get<double>();
    if (!(found >= least && found <= most)) fail_at(key, "a number of {} to {} wanted, found {}", least, most, found);
    return found;
  }

  void check(const Config& config) const {
    if (config.heads % config.kv_heads != 0) {
      fail_at("num_key_value_heads", "a divisor of num_attention_heads = {} wanted, found {}", config.heads,
              config.kv_heads);
    }
    if (config.head_dim % 2 != 0) fail_at("head_dim", "an even number wanted, found {}", config.head_dim);
    if (config.experts_used > config.experts) {
      fail_at("num_experts_per_tok", "at most num_experts = {} wanted, found {}", config.experts, config.experts_used);
    }
  }

  MappedFile file_;
  Style style_;
  std::string_view text_;
  Json root_;
};

}  // namespace

Config read_config_json(const std::string& path) {
  const ConfigFile file(path, Style::kCkpt0);
  const Config config = file.read();
  if (file.tied().value_or(true)) return config;
  fail(GROK1_E_UNSUPPORTED, "{}: \"tie_word_embeddings\": true wanted: a ckpt-0 has one matrix for embedding and head",
       path);
}

HfConfig read_hf_config_json(const std::string& path) {
  const ConfigFile file(path, Style::kHf);
  file.require_grok1();  // first: a successor's sizes have other names
  return {file.read(), file.tied()};
}

std::vector<std::string> config_warnings(const Config& config) {
  const Config grok1;
  std::vector<std::string> warnings;
  if (config.d_model != grok1.d_model) return warnings;
  for (const FactorKey& key : kFactors) {
    if (config.*key.field == grok1.*key.field) continue;
    warnings.push_back(fmt::format("config.json: \"{}\" is {}, but Grok-1 was trained with {}; the text will suffer",
                                   key.name, config.*key.field, grok1.*key.field));
  }
  return warnings;
}

}  // namespace grok1
