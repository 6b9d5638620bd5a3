// Names: gguf-py 0.19, constants.py.
#include "core/convert/keys.h"

#include "core/base/failure.h"

namespace grok1 {
namespace {

constexpr uint32_t kQuantizationVersion = 2;  // of ggml's blocks: GGML_QNT_VERSION

bool is_released_size(const Config& config) {
  const Config grok1;
  return config.layers == grok1.layers && config.d_model == grok1.d_model && config.experts == grok1.experts &&
         config.vocab_size == grok1.vocab_size;
}

void add_id(GgufKeys& keys, std::string_view key, int64_t id) {
  if (id >= 0) keys.add_u32(key, static_cast<uint32_t>(id));
}

int64_t unknown_id(const std::vector<VocabularyPiece>& pieces) {
  for (size_t id = 0; id < pieces.size(); ++id)
    if (pieces[id].kind == GROK1_PIECE_UNKNOWN) return static_cast<int64_t>(id);
  return -1;
}

// llama.cpp wants as many pieces as the embedding has rows. What the tokenizer lacks is unused, and scored so low that
// nothing is merged to it.
void add_pieces(GgufKeys& keys, const std::vector<VocabularyPiece>& pieces, uint32_t vocab_size) {
  std::vector<std::string> texts;
  std::vector<float> scores;
  std::vector<int32_t> kinds;
  for (uint32_t id = 0; id < vocab_size; ++id) {
    const bool there = id < pieces.size();
    texts.push_back(there ? pieces[id].text : fmt::format("[PAD{}]", id));
    scores.push_back(there ? pieces[id].score : -1e9f);
    kinds.push_back(there ? static_cast<int32_t>(pieces[id].kind) : GROK1_PIECE_UNUSED);
  }
  keys.add_texts("tokenizer.ggml.tokens", texts);
  keys.add_floats("tokenizer.ggml.scores", scores);
  keys.add_i32s("tokenizer.ggml.token_type", kinds);
}

}  // namespace

void add_general_keys(GgufKeys& keys, const Config& config, uint32_t file_type, bool has_blocks) {
  keys.add_text("general.architecture", "grok");
  keys.add_text("general.name", is_released_size(config) ? "Grok-1" : "Grok-1 architecture");
  keys.add_u32("general.file_type", file_type);
  if (has_blocks) keys.add_u32("general.quantization_version", kQuantizationVersion);
}

void add_config_keys(GgufKeys& keys, const Config& c) {
  keys.add_u32("grok.vocab_size", c.vocab_size);
  keys.add_u32("grok.block_count", c.layers);
  keys.add_u32("grok.context_length", c.context);
  keys.add_u32("grok.embedding_length", c.d_model);
  keys.add_u32("grok.feed_forward_length", c.ffn);
  keys.add_u32("grok.attention.head_count", c.heads);
  keys.add_u32("grok.attention.head_count_kv", c.kv_heads);
  if (uint64_t{c.heads} * c.head_dim != c.d_model) {
    keys.add_u32("grok.attention.key_length", c.head_dim);
    keys.add_u32("grok.attention.value_length", c.head_dim);
  }
  keys.add_float("grok.attention.layer_norm_rms_epsilon", static_cast<float>(c.rms_norm_eps));
  keys.add_u32("grok.rope.dimension_count", c.head_dim);
  keys.add_float("grok.rope.freq_base", static_cast<float>(c.rope_base));
  keys.add_u32("grok.expert_count", c.experts);
  keys.add_u32("grok.expert_used_count", c.experts_used);
  keys.add_float("grok.embedding_scale", static_cast<float>(c.embedding_multiplier));
  keys.add_float("grok.logit_scale", static_cast<float>(c.output_multiplier));
  keys.add_float("grok.attention.output_scale", static_cast<float>(c.attention_multiplier));
  keys.add_float("grok.attn_logit_softcapping", static_cast<float>(c.attention_soft_cap));
}

void add_vocabulary_keys(GgufKeys& keys, const Config& config, const VocabularyPieces* vocabulary) {
  keys.add_text("tokenizer.ggml.model", vocabulary != nullptr ? "llama" : "none");
  if (vocabulary != nullptr) {
    add_pieces(keys, vocabulary->pieces, config.vocab_size);
    add_id(keys, "tokenizer.ggml.unknown_token_id", unknown_id(vocabulary->pieces));
    keys.add_flag("tokenizer.ggml.add_space_prefix", vocabulary->add_dummy_prefix);
    keys.add_flag("tokenizer.ggml.remove_extra_whitespaces", vocabulary->remove_extra_whitespaces);
    keys.add_flag("tokenizer.ggml.add_bos_token", false);
  }
  add_id(keys, "tokenizer.ggml.bos_token_id", config.bos_id);
  add_id(keys, "tokenizer.ggml.eos_token_id", config.eos_id);
  add_id(keys, "tokenizer.ggml.padding_token_id", config.pad_id);
}

}  // namespace grok1
