// Which slices a share demands (grok1_layer_desc says it in words).
#include "backends/contract/binding.h"

namespace grok1::contract {
namespace {

constexpr Extent kOne{0, 1, 1};

Extent whole(uint64_t size) {
  return {0, size, size};
}

void check_extent(const char* weight, const char* axis, Extent found, Extent wanted) {
  if (found.begin == wanted.begin && found.end == wanted.end && found.size == wanted.size) return;
  refuse(GROK1_E_INVALID_ARGUMENT, "%s: its %s are %llu .. %llu of %llu, this share needs %llu .. %llu of %llu", weight,
         axis, Number{found.begin}, Number{found.end}, Number{found.size}, Number{wanted.begin}, Number{wanted.end},
         Number{wanted.size});
}

}  // namespace

void check_slice(const grok1_weight_desc& d, bool finished, const Wanted& wanted) {
  if (!finished) refuse(GROK1_E_INVALID_ARGUMENT, "%s: not finished, weight_end is missing", wanted.name);
  if (d.kind != GROK1_WEIGHT_LINEAR)
    refuse(GROK1_E_INVALID_ARGUMENT, "%s: a vector, wanted a linear weight", wanted.name);
  check_extent(wanted.name, "experts", {d.expert_begin, d.expert_end, d.experts}, wanted.experts);
  check_extent(wanted.name, "inputs (k)", {d.k_begin, d.k_end, d.k}, wanted.k);
  check_extent(wanted.name, "outputs (n)", {d.n_begin, d.n_end, d.n}, wanted.n);
}

LayerShape checked_layer(const grok1_layer_desc& desc) {
  const LayerShape layer{checked_model(desc.model), desc.index,      desc.kv_head_begin, desc.kv_head_end,
                         desc.expert_begin,         desc.expert_end, desc.ffn_begin,     desc.ffn_end};
  if (desc.index >= layer.model.layers)
    refuse(GROK1_E_INVALID_ARGUMENT, "layer %u of a model that has %u", desc.index, layer.model.layers);
  if (desc.flags != 0) refuse(GROK1_E_UNKNOWN_FIELD, "layer flags are 0x%x, this backend knows none", desc.flags);
  return layer;
}

WantedAttention wanted_attention(const LayerShape& layer) {
  const grok1_model_desc& m = layer.model;
  check_range("kv head", layer.kv_head_begin, layer.kv_head_end, m.kv_heads);
  const uint64_t queries = uint64_t{m.heads / m.kv_heads} * m.head_dim;  // columns of q per kv head
  const Extent rows = whole(m.d_model);
  const Extent q{layer.kv_head_begin * queries, layer.kv_head_end * queries, m.kv_heads * queries};
  const Extent kv{uint64_t{layer.kv_head_begin} * m.head_dim, uint64_t{layer.kv_head_end} * m.head_dim,
                  uint64_t{m.kv_heads} * m.head_dim};
  return {{"q", kOne, rows, q}, {"k", kOne, rows, kv}, {"v", kOne, rows, kv}, {"o", kOne, q, rows}};
}

WantedExperts wanted_experts(const LayerShape& layer) {
  const grok1_model_desc& m = layer.model;
  check_range("expert", layer.expert_begin, layer.expert_end, m.experts);
  check_range("ffn", layer.ffn_begin, layer.ffn_end, m.ffn);
  const Extent experts{layer.expert_begin, layer.expert_end, m.experts}, rows = whole(m.d_model);
  const Extent ffn{layer.ffn_begin, layer.ffn_end, m.ffn};
  return {{"gate", experts, rows, ffn}, {"up", experts, rows, ffn}, {"down", experts, ffn, rows}};
}

Wanted wanted_router(const LayerShape& layer) {
  return {"router", kOne, whole(layer.model.d_model), whole(layer.model.experts)};
}

Wanted wanted_vocabulary(const char* name, const grok1_lm_head_desc& desc, const grok1_model_desc& model) {
  check_range("vocabulary", desc.vocab_begin, desc.vocab_end, model.vocab_size);
  return {name, kOne, whole(model.d_model), {desc.vocab_begin, desc.vocab_end, model.vocab_size}};
}

}  // namespace grok1::contract
