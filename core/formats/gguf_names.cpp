// Names: gguf-py's constants.py and tensor_mapping.py of ggml-org/llama.cpp; those with a number for the expert,
// llama.cpp's before April 2024; ffn_gate_up_exps, ikawrakow/ik_llama.cpp.
#include "core/formats/gguf_names.h"

#include <fmt/format.h>

#include <charconv>

namespace grok1 {
namespace {

using Kind = GgufName::Kind;

struct Entry {
  std::string_view name;
  Kind kind;
  TensorRole role;
};

constexpr Entry kOfModel[] = {
    {"token_embd.weight", Kind::kTensor, TensorRole::kEmbedding},
    {"output_norm.weight", Kind::kTensor, TensorRole::kFinalNorm},
    {"output.weight", Kind::kTensor, TensorRole::kHead},
    {"rope_freqs.weight", Kind::kIgnored, TensorRole::kEmbedding},
};

// Behind "blk.L.". The first of a role is the one that is written today.
constexpr Entry kOfLayer[] = {
    {"attn_norm.weight", Kind::kTensor, TensorRole::kPreAttentionNorm},
    {"attn_output_norm.weight", Kind::kTensor, TensorRole::kPostAttentionNorm},
    {"ffn_norm.weight", Kind::kTensor, TensorRole::kPreMoeNorm},
    {"layer_output_norm.weight", Kind::kTensor, TensorRole::kPostMoeNorm},
    {"post_ffw_norm.weight", Kind::kTensor, TensorRole::kPostMoeNorm},
    {"attn_q.weight", Kind::kTensor, TensorRole::kQuery},
    {"attn_k.weight", Kind::kTensor, TensorRole::kKey},
    {"attn_v.weight", Kind::kTensor, TensorRole::kValue},
    {"attn_output.weight", Kind::kTensor, TensorRole::kAttentionOut},
    {"ffn_gate_inp.weight", Kind::kTensor, TensorRole::kRouter},
    {"ffn_gate_exps.weight", Kind::kTensor, TensorRole::kGate},
    {"ffn_up_exps.weight", Kind::kTensor, TensorRole::kUp},
    {"ffn_down_exps.weight", Kind::kTensor, TensorRole::kDown},
    {"ffn_gate_up_exps.weight", Kind::kGateUp, TensorRole::kGate},
    {"ffn_gate.weight", Kind::kGrok2, TensorRole::kGate},
    {"ffn_up.weight", Kind::kGrok2, TensorRole::kUp},
    {"ffn_down.weight", Kind::kGrok2, TensorRole::kDown},
    {"attn_rot_embd.weight", Kind::kIgnored, TensorRole::kEmbedding},
};

// Behind "blk.L.", before ".E.weight".
constexpr Entry kOfExpert[] = {
    {"ffn_gate.", Kind::kExpert, TensorRole::kGate},
    {"ffn_up.", Kind::kExpert, TensorRole::kUp},
    {"ffn_down.", Kind::kExpert, TensorRole::kDown},
};

// Takes a number as it is written in one way only, without leading zeros, from the front.
bool take_number(std::string_view& text, uint32_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || (text[0] == '0' && end != text.data() + 1)) return false;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  return true;
}

bool take(std::string_view& text, std::string_view front) {
  if (!text.starts_with(front)) return false;
  text.remove_prefix(front.size());
  return true;
}

GgufName read_layer_name(std::string_view rest) {
  GgufName name;
  if (!take_number(rest, name.layer) || !take(rest, ".")) return {};
  for (const Entry& entry : kOfLayer) {
    if (rest == entry.name) return {entry.kind, entry.role, name.layer, 0};
  }
  for (const Entry& entry : kOfExpert) {
    std::string_view number = rest;
    if (!take(number, entry.name) || !take_number(number, name.expert) || number != ".weight") continue;
    return {entry.kind, entry.role, name.layer, name.expert};
  }
  return {};
}

}  // namespace

GgufName read_gguf_name(std::string_view name) {
  for (const Entry& entry : kOfModel) {
    if (name == entry.name) return {entry.kind, entry.role, 0, 0};
  }
  return take(name, "blk.") ? read_layer_name(name) : GgufName{};
}

std::string gguf_name(TensorRole role, uint32_t layer) {
  for (const Entry& entry : kOfModel) {
    if (entry.kind == Kind::kTensor && entry.role == role) return std::string(entry.name);
  }
  for (const Entry& entry : kOfLayer) {
    if (entry.kind == Kind::kTensor && entry.role == role) return fmt::format("blk.{}.{}", layer, entry.name);
  }
  return "";
}

GgufShape gguf_shape(const GgufName& name, const Config& c) {
  const uint64_t d = c.d_model, q = uint64_t{c.heads} * c.head_dim, kv = uint64_t{c.kv_heads} * c.head_dim;
  const bool down = name.role == TensorRole::kDown;
  const uint64_t k = down ? c.ffn : d, n = down ? d : c.ffn;
  if (name.kind == Kind::kExpert) return {2, {k, n, 1, 1}};
  if (name.kind == Kind::kGateUp) return {3, {k, 2 * n, c.experts, 1}};
  switch (name.role) {
    case TensorRole::kEmbedding:
    case TensorRole::kHead: return {2, {d, c.vocab_size, 1, 1}};
    case TensorRole::kQuery: return {2, {d, q, 1, 1}};
    case TensorRole::kKey:
    case TensorRole::kValue: return {2, {d, kv, 1, 1}};
    case TensorRole::kAttentionOut: return {2, {q, d, 1, 1}};
    case TensorRole::kRouter: return {2, {d, c.experts, 1, 1}};
    case TensorRole::kGate:
    case TensorRole::kUp:
    case TensorRole::kDown: return {3, {k, n, c.experts, 1}};
    default: return {1, {d, 1, 1, 1}};  // norms
  }
}

}  // namespace grok1
