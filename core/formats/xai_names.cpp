#include "core/formats/xai_names.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

namespace grok1 {
namespace {

struct Slot {
  TensorRole role;
  const char* module;
  const char* parameter;
};

// The twelve files of a layer, in the order of their modules' names.
constexpr Slot kSlots[] = {
    {TensorRole::kGate, "moe/linear", "w"},
    {TensorRole::kDown, "moe/linear_1", "w"},
    {TensorRole::kUp, "moe/linear_v", "w"},
    {TensorRole::kKey, "multi_head_attention/key", "w"},
    {TensorRole::kAttentionOut, "multi_head_attention/linear", "w"},
    {TensorRole::kQuery, "multi_head_attention/query", "w"},
    {TensorRole::kValue, "multi_head_attention/value", "w"},
    {TensorRole::kPreAttentionNorm, "rms_norm", "scale"},
    {TensorRole::kPostAttentionNorm, "rms_norm_1", "scale"},
    {TensorRole::kPreMoeNorm, "rms_norm_2", "scale"},
    {TensorRole::kPostMoeNorm, "rms_norm_3", "scale"},
    {TensorRole::kRouter, "router", "w"},
};

std::vector<uint32_t> layers_in_file_order(uint32_t layers) {
  std::vector<uint32_t> order(layers);
  std::iota(order.begin(), order.end(), 0u);
  std::sort(order.begin(), order.end(), [](uint32_t a, uint32_t b) { return std::to_string(a) < std::to_string(b); });
  return order;
}

}  // namespace

std::vector<XaiName> xai_names(uint32_t layers) {
  std::vector<XaiName> names;
  names.reserve(2 + std::size(kSlots) * layers);
  names.push_back({TensorRole::kEmbedding, 0, "language_model/in_out_embed/embeddings", "the embedding"});
  names.push_back({TensorRole::kFinalNorm, 0, "language_model/rms_norm/scale", "the final norm"});
  for (const uint32_t layer : layers_in_file_order(layers)) {
    for (const Slot& slot : kSlots) {
      names.push_back({slot.role, layer,
                       fmt::format("transformer/decoder_layer_{}/{}/{}", layer, slot.module, slot.parameter),
                       fmt::format("{} of layer {}", slot.module, layer)});
    }
  }
  return names;
}

std::string xai_file_name(size_t index) {
  return fmt::format("tensor{:05}_000", index);
}

bool is_xai_file_name(const std::string& name) {
  constexpr std::string_view kPattern = "tensor00000_000";
  if (name.size() != kPattern.size()) return false;
  for (size_t i = 0; i < name.size(); ++i) {
    const bool digit = name[i] >= '0' && name[i] <= '9';
    if (kPattern[i] == '0' ? !digit : name[i] != kPattern[i]) return false;
  }
  return true;
}

XaiShape xai_shape(TensorRole role, const Config& c) {
  const uint64_t d = c.d_model, q = uint64_t{c.heads} * c.head_dim, kv = uint64_t{c.kv_heads} * c.head_dim;
  switch (role) {
    case TensorRole::kEmbedding: return {2, {c.vocab_size, d}};
    case TensorRole::kQuery: return {2, {d, q}};
    case TensorRole::kKey:
    case TensorRole::kValue: return {2, {d, kv}};
    case TensorRole::kAttentionOut: return {2, {q, d}};
    case TensorRole::kRouter: return {2, {d, c.experts}};
    case TensorRole::kGate:
    case TensorRole::kUp: return {3, {c.experts, d, c.ffn}};
    case TensorRole::kDown: return {3, {c.experts, c.ffn, d}};
    default: return {1, {d}};  // norms
  }
}

bool is_xai_quantized(TensorRole role) {
  switch (role) {
    case TensorRole::kQuery:
    case TensorRole::kKey:
    case TensorRole::kValue:
    case TensorRole::kAttentionOut:
    case TensorRole::kGate:
    case TensorRole::kUp:
    case TensorRole::kDown: return true;
    default: return false;
  }
}

}  // namespace grok1
