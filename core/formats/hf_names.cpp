#include "core/formats/hf_names.h"

#include <fmt/format.h>

#include <array>
#include <charconv>

namespace grok1 {
namespace {

constexpr HfNaming kNamings[] = {HfNaming::kKeyfan, HfNaming::kHpcai, HfNaming::kSglang};

// L stands for the layer's number, E for the expert's, each between dots.
struct Row {
  TensorRole role;
  std::array<const char*, 3> patterns;  // by HfNaming
};
constexpr Row kRows[] = {
    {TensorRole::kEmbedding,
     {"transformer.in_out_embed.weight", "model.embed_tokens.weight", "model.embed_tokens.weight"}},
    {TensorRole::kFinalNorm, {"transformer.rms_norm.weight", "model.norm.scale", "model.norm.weight"}},
    {TensorRole::kHead, {"lm_head.weight", "lm_head.weight", "lm_head.weight"}},
    {TensorRole::kQuery,
     {"transformer.decoder_layer.L.multi_head_attention.query.weight", "model.layers.L.attn.q_proj.weight",
      "model.layers.L.self_attn.q_proj.weight"}},
    {TensorRole::kKey,
     {"transformer.decoder_layer.L.multi_head_attention.key.weight", "model.layers.L.attn.k_proj.weight",
      "model.layers.L.self_attn.k_proj.weight"}},
    {TensorRole::kValue,
     {"transformer.decoder_layer.L.multi_head_attention.value.weight", "model.layers.L.attn.v_proj.weight",
      "model.layers.L.self_attn.v_proj.weight"}},
    {TensorRole::kAttentionOut,
     {"transformer.decoder_layer.L.multi_head_attention.linear.weight", "model.layers.L.attn.o_proj.weight",
      "model.layers.L.self_attn.o_proj.weight"}},
    {TensorRole::kPreAttentionNorm,
     {"transformer.decoder_layer.L.rms_norm.weight", "model.layers.L.pre_attn_norm.scale",
      "model.layers.L.pre_attn_norm.weight"}},
    {TensorRole::kPostAttentionNorm,
     {"transformer.decoder_layer.L.rms_norm_1.weight", "model.layers.L.post_attn_norm.scale",
      "model.layers.L.post_attn_norm.weight"}},
    {TensorRole::kPreMoeNorm,
     {"transformer.decoder_layer.L.rms_norm_2.weight", "model.layers.L.pre_moe_norm.scale",
      "model.layers.L.pre_moe_norm.weight"}},
    {TensorRole::kPostMoeNorm,
     {"transformer.decoder_layer.L.rms_norm_3.weight", "model.layers.L.post_moe_norm.scale",
      "model.layers.L.post_moe_norm.weight"}},
    {TensorRole::kRouter,
     {"transformer.decoder_layer.L.router.weight", "model.layers.L.moe_block.gate.weight",
      "model.layers.L.block_sparse_moe.gate.weight"}},
    {TensorRole::kGate,
     {"transformer.decoder_layer.L.moe.E.linear.weight", "model.layers.L.moe_block.experts.E.linear.weight",
      "model.layers.L.block_sparse_moe.experts.E.w1.weight"}},
    {TensorRole::kUp,
     {"transformer.decoder_layer.L.moe.E.linear_v.weight", "model.layers.L.moe_block.experts.E.linear_v.weight",
      "model.layers.L.block_sparse_moe.experts.E.w3.weight"}},
    {TensorRole::kDown,
     {"transformer.decoder_layer.L.moe.E.linear_1.weight", "model.layers.L.moe_block.experts.E.linear_1.weight",
      "model.layers.L.block_sparse_moe.experts.E.w2.weight"}},
};

// Up to the next dot, which is dropped.
std::string_view next_part(std::string_view& rest) {
  const size_t dot = rest.find('.');
  const std::string_view part = rest.substr(0, dot);
  rest = dot == std::string_view::npos ? std::string_view() : rest.substr(dot + 1);
  return part;
}

// As Python prints it: no sign, no zero in front.
std::optional<uint32_t> number_of(std::string_view part) {
  uint32_t number = 0;
  const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), number);
  if (error != std::errc() || end != part.data() + part.size()) return std::nullopt;
  if (part.size() > 1 && part.front() == '0') return std::nullopt;
  return number;
}

std::optional<HfName> match(std::string_view pattern, TensorRole role, std::string_view name) {
  HfName found{role};
  while (!pattern.empty()) {
    if (name.empty()) return std::nullopt;
    const bool last = pattern.find('.') == std::string_view::npos;
    if (last != (name.find('.') == std::string_view::npos)) return std::nullopt;
    const std::string_view wanted = next_part(pattern), part = next_part(name);
    if (wanted == "L" || wanted == "E") {
      const std::optional<uint32_t> number = number_of(part);
      if (!number) return std::nullopt;
      (wanted == "L" ? found.layer : found.expert) = *number;
    } else if (wanted != part) {
      return std::nullopt;
    }
  }
  return found;
}

size_t index_of(HfNaming naming) {
  return static_cast<size_t>(naming);
}

}  // namespace

const char* hf_naming_title(HfNaming naming) {
  switch (naming) {
    case HfNaming::kKeyfan: return "keyfan/grok-1-hf";
    case HfNaming::kHpcai: return "hpcai-tech/grok-1";
    default: return "SGLang";
  }
}

std::optional<HfName> parse_hf_name(HfNaming naming, std::string_view name) {
  for (const Row& row : kRows) {
    if (const auto found = match(row.patterns[index_of(naming)], row.role, name)) return found;
  }
  return std::nullopt;
}

std::string hf_name(HfNaming naming, const HfName& name) {
  for (const Row& row : kRows) {
    if (row.role != name.role) continue;
    std::string text;
    for (std::string_view rest = row.patterns[index_of(naming)]; !rest.empty();) {
      const std::string_view part = next_part(rest);
      if (!text.empty()) text += '.';
      text += part == "L" ? std::to_string(name.layer) : part == "E" ? std::to_string(name.expert) : std::string(part);
    }
    return text;
  }
  return "";
}

void HfNamingFinder::see(std::string_view name) {
  for (const HfNaming naming : kNamings) {
    const std::optional<HfName> found = parse_hf_name(naming, name);
    if (!found || found->role == TensorRole::kFinalNorm || found->role == TensorRole::kHead) continue;
    (found->role == TensorRole::kEmbedding ? has_embedding_ : has_layer_)[index_of(naming)] = true;
  }
}

std::optional<HfNaming> HfNamingFinder::naming() const {
  for (const HfNaming naming : kNamings) {
    if (has_embedding_[index_of(naming)] && has_layer_[index_of(naming)]) return naming;
  }
  return std::nullopt;
}

bool is_hf_buffer(std::string_view name) {
  for (const std::string_view table : {"rotary_emb.inv_freq", "rotary_emb.cos_cached", "rotary_emb.sin_cached"}) {
    if (name.ends_with(table)) return true;
  }
  return false;
}

bool is_hf_expert(TensorRole role) {
  return role == TensorRole::kGate || role == TensorRole::kUp || role == TensorRole::kDown;
}

}  // namespace grok1
