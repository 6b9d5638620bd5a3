// Keys: gguf-py's constants.py; what llama.cpp's Grok takes them for, its llama-model.cpp.
#include "core/formats/gguf_config.h"

namespace grok1 {
namespace {

struct SizeKey {
  const char* name;
  uint32_t Config::*field;
  uint32_t most;  // as in config_json.cpp
};
constexpr SizeKey kSizes[] = {
    {"grok.block_count", &Config::layers, 4096},         {"grok.embedding_length", &Config::d_model, 1 << 20},
    {"grok.feed_forward_length", &Config::ffn, 1 << 24}, {"grok.attention.head_count", &Config::heads, 1 << 16},
    {"grok.expert_count", &Config::experts, 256},        {"grok.expert_used_count", &Config::experts_used, 256},
};

struct FactorKey {
  const char* name;
  double Config::*field;
  double least, most;
};
constexpr FactorKey kFactors[] = {
    {"grok.embedding_scale", &Config::embedding_multiplier, 1e-9, 1e9},
    {"grok.logit_scale", &Config::output_multiplier, 1e-9, 1e9},
    {"grok.attention.output_scale", &Config::attention_multiplier, 1e-9, 1e9},
    {"grok.attn_logit_softcapping", &Config::attention_soft_cap, 0.0, 1e9},  // 0: no cap
    {"grok.rope.freq_base", &Config::rope_base, 1.0, 1e12},
    {"grok.attention.layer_norm_rms_epsilon", &Config::rms_norm_eps, 1e-12, 1.0},
};

struct TokenKey {
  const char* name;
  int32_t Config::*field;
};
constexpr TokenKey kTokens[] = {{"tokenizer.ggml.padding_token_id", &Config::pad_id},
                                {"tokenizer.ggml.bos_token_id", &Config::bos_id},
                                {"tokenizer.ggml.eos_token_id", &Config::eos_id}};

class ConfigReader {
 public:
  explicit ConfigReader(const GgufValues& values) : values_(values) {}

  GgufConfig read(uint64_t vocab_size) {
    refuse_others();
    for (const SizeKey& key : kSizes) out_.config.*key.field = size(key.name, key.most);
    read_optional_sizes();
    read_head_dim();
    read_vocab_size(vocab_size);
    for (const FactorKey& key : kFactors) read_factor(key);
    for (const TokenKey& key : kTokens) {
      if (!values_.has(key.name)) continue;
      out_.config.*key.field = static_cast<int32_t>(values_.integer(key.name, 0, int64_t{out_.config.vocab_size} - 1));
    }
    check();
    collect_warnings();
    return std::move(out_);
  }

 private:
  uint32_t size(const char* key, uint32_t most) const { return static_cast<uint32_t>(values_.integer(key, 1, most)); }

  void refuse_others() const {
    constexpr const char* kArchitecture = "general.architecture";
    const std::string architecture = values_.text(kArchitecture);
    if (architecture != "grok") {
      values_.refuse(kArchitecture, "grok wanted, found \"{}\"; this library runs Grok-1 only",
                     architecture.substr(0, 64));
    }
    refuse_grok2_number("grok.final_logit_softcapping");
    refuse_grok2_number("grok.attention.temperature_length");
    constexpr const char* kScaling = "grok.rope.scaling.type";
    if (values_.has(kScaling) && values_.text(kScaling) != "none") {
      values_.refuse(kScaling, "none wanted: Grok-1's rotary embedding is not scaled; this is Grok-2");
    }
  }

  // Keys that Grok-2's converter writes. grok.router_logit_softcapping is not among them: it is written for Grok-1 too,
  // whose router has no cap, and means nothing there.
  void refuse_grok2_number(const char* key) const {
    const GgufValue* value = values_.find(key);
    if (value == nullptr || (!value->is_array && value->bits == 0)) return;
    values_.refuse(key, "this key wanted not or 0, Grok-1 has nothing of the kind; this is Grok-2");
  }

  void read_optional_sizes() {
    Config& config = out_.config;
    constexpr const char* kContext = "grok.context_length";
    constexpr const char* kKvHeads = "grok.attention.head_count_kv";
    constexpr const char* kExpertFfn = "grok.expert_feed_forward_length";
    if (values_.has(kContext)) config.context = size(kContext, 1 << 24);
    config.kv_heads = values_.has(kKvHeads) ? size(kKvHeads, 1 << 16) : config.heads;
    if (values_.has(kExpertFfn)) config.ffn = size(kExpertFfn, 1 << 24);
  }

  // As GGUF has it: attention.key_length, and where there is none the width of a head.
  void read_head_dim() {
    Config& config = out_.config;
    constexpr const char* kKey = "grok.attention.key_length";
    constexpr const char* kValue = "grok.attention.value_length";
    constexpr const char* kRope = "grok.rope.dimension_count";
    config.head_dim = config.d_model / config.heads;
    if (values_.has(kKey)) {
      config.head_dim = size(kKey, 1 << 16);
    } else if (config.d_model % config.heads != 0) {
      values_.fail("grok.attention.head_count", "a divisor of the width {} wanted where there is no {}, found {}",
                   config.d_model, kKey, config.heads);
    }
    for (const char* same : {kValue, kRope}) {
      if (!values_.has(same)) continue;
      if (const uint32_t found = size(same, 1 << 16); found != config.head_dim) {
        values_.refuse(same, "the width of a head, {}, wanted, found {}", config.head_dim, found);
      }
    }
    if (config.head_dim % 2 != 0) {
      values_.fail(values_.has(kKey) ? kKey : "grok.attention.head_count", "heads of an even width wanted, found {}",
                   config.head_dim);
    }
  }

  void read_vocab_size(uint64_t rows) {
    constexpr const char* kVocabulary = "grok.vocab_size";
    if (rows > 1 << 24) {
      fail_in_gguf(values_.file(), 0, "token_embd.weight: at most {} rows wanted, found {}", 1 << 24, rows);
    }
    out_.config.vocab_size = static_cast<uint32_t>(rows);
    if (values_.has(kVocabulary) && size(kVocabulary, 1 << 24) != rows) {
      values_.fail(kVocabulary, "{} wanted, the rows of token_embd.weight, found {}", rows, size(kVocabulary, 1 << 24));
    }
  }

  // A float32 that is Grok-1's number rounded is Grok-1's number: GGUF has most of them in 32 bits.
  void read_factor(const FactorKey& key) {
    if (!values_.has(key.name)) return;
    double& field = out_.config.*key.field;
    const double found = values_.number(key.name, key.least, key.most);
    if (found != static_cast<double>(static_cast<float>(field))) field = found;
  }

  void check() const {
    const Config& config = out_.config;
    if (config.heads % config.kv_heads != 0) {
      values_.fail("grok.attention.head_count_kv", "a divisor of the {} heads wanted, found {}", config.heads,
                   config.kv_heads);
    }
    if (config.experts_used > config.experts) {
      values_.fail("grok.expert_used_count", "at most the {} experts wanted, found {}", config.experts,
                   config.experts_used);
    }
  }

  // As in xai_checkpoint.cpp: at Grok-1's width the weights are Grok-1's, and so are these numbers.
  void collect_warnings() {
    const Config grok1;
    if (out_.config.d_model != grok1.d_model) return;
    for (const FactorKey& key : kFactors) {
      if (out_.config.*key.field == grok1.*key.field) continue;
      out_.warnings.push_back(fmt::format("{}: {} is {}, but Grok-1 was trained with {}; the text will suffer",
                                          values_.file().path(), key.name, out_.config.*key.field, grok1.*key.field));
    }
  }

  const GgufValues& values_;
  GgufConfig out_;
};

}  // namespace

GgufConfig read_gguf_config(const GgufValues& values, uint64_t vocab_size) {
  return ConfigReader(values).read(vocab_size);
}

}  // namespace grok1
