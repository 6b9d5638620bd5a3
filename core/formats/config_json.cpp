#include "core/formats/config_json.h"

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
};
constexpr SizeKey kSizes[] = {
    {"num_hidden_layers", &Config::layers, 4096},
    {"hidden_size", &Config::d_model, 1 << 20},
    {"num_attention_heads", &Config::heads, 1 << 16},
    {"num_key_value_heads", &Config::kv_heads, 1 << 16},
    {"head_dim", &Config::head_dim, 1 << 16},
    {"intermediate_size", &Config::ffn, 1 << 24},
    {"num_experts", &Config::experts, 256},  // grok1_backend.h: experts <= 256
    {"num_experts_per_tok", &Config::experts_used, 256},
    {"vocab_size", &Config::vocab_size, 1 << 24},
    {"max_position_embeddings", &Config::context, 1 << 24},
};

struct FactorKey {
  const char* name;
  double Config::*field;
  double least, most;
};
constexpr FactorKey kFactors[] = {
    {"embedding_multiplier_scale", &Config::embedding_multiplier, 1e-9, 1e9},
    {"output_multiplier_scale", &Config::output_multiplier, 1e-9, 1e9},
    {"attn_output_multiplier", &Config::attention_multiplier, 1e-9, 1e9},
    {"max_attn_value", &Config::attention_soft_cap, 0.0, 1e9},  // 0: no cap
    {"rope_theta", &Config::rope_base, 1.0, 1e12},
    {"rms_norm_eps", &Config::rms_norm_eps, 1e-12, 1.0},
};

struct TokenKey {
  const char* name;
  int32_t Config::*field;
};
constexpr TokenKey kTokens[] = {
    {"pad_token_id", &Config::pad_id}, {"bos_token_id", &Config::bos_id}, {"eos_token_id", &Config::eos_id}};

class ConfigFile {
 public:
  explicit ConfigFile(const std::string& path) : file_(path) {
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
    for (const SizeKey& key : kSizes) config.*key.field = static_cast<uint32_t>(integer(key.name, 1, key.most));
    for (const FactorKey& key : kFactors) {
      if (has(key.name)) config.*key.field = number(key.name, key.least, key.most);
    }
    for (const TokenKey& key : kTokens) {
      if (has(key.name))
        config.*key.field = static_cast<int32_t>(integer(key.name, -1, int64_t{config.vocab_size} - 1));
    }
    check(config);
    return config;
  }

 private:
  bool has(const char* key) const { return root_.contains(key); }

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
    if (!has("tie_word_embeddings")) return;
    const Json& tied = root_["tie_word_embeddings"];
    if (!tied.is_boolean()) fail_at("tie_word_embeddings", "true wanted, found {}", tied.type_name());
    if (!tied.get<bool>()) {
      fail(GROK1_E_UNSUPPORTED,
           "{}: \"tie_word_embeddings\": true wanted: a ckpt-0 has one matrix for embedding and head", file_.path());
    }
  }

  MappedFile file_;
  std::string_view text_;
  Json root_;
};

}  // namespace

Config read_config_json(const std::string& path) {
  return ConfigFile(path).read();
}

}  // namespace grok1
