// A bound layer and LM head: the weights of a device's share, frozen. Every weight must be the slice that the share
// demands; what a backend wants of it besides, it checks itself. Its Weight has a `device`, a `desc` and `finished`.
#ifndef GROK1_BACKENDS_CONTRACT_BINDING_H
#define GROK1_BACKENDS_CONTRACT_BINDING_H

#include <cstddef>

#include "backends/contract/model.h"

namespace grok1::contract {

struct Extent {
  uint64_t begin, end, size;
};
// The slice that a share needs of a weight.
struct Wanted {
  const char* name;
  Extent experts, k, n;
};

void check_slice(const grok1_weight_desc& found, bool finished, const Wanted& wanted);

// What a layer is, whatever holds its weights.
struct LayerShape {
  grok1_model_desc model;
  uint32_t index;
  uint32_t kv_head_begin, kv_head_end, expert_begin, expert_end, ffn_begin, ffn_end;
};

// All of a description but its weights.
LayerShape checked_layer(const grok1_layer_desc& desc);

struct WantedAttention {
  Wanted q, k, v, o;
};
struct WantedExperts {
  Wanted gate, up, down;
};
WantedAttention wanted_attention(const LayerShape& layer);
WantedExperts wanted_experts(const LayerShape& layer);
Wanted wanted_router(const LayerShape& layer);
// Of the embedding and of an output matrix, which are alike.
Wanted wanted_vocabulary(const char* name, const grok1_lm_head_desc& desc, const grok1_model_desc& model);

template <class Weight>
struct Layer : LayerShape {
  decltype(Weight::device) device;
  const Weight *q, *k, *v, *o;     // all or none
  const Weight* router;            // may be null
  const Weight *gate, *up, *down;  // all or none
};

template <class Weight>
struct LmHead {
  decltype(Weight::device) device;
  grok1_model_desc model;
  const Weight* embedding;
  const Weight* output;  // what logits multiply: the embedding if there is no other
  uint32_t vocab_begin, vocab_end;
};

// The weight behind a handle.
template <class Weight>
const Weight* bound(decltype(Weight::device) device, const grok1_weight* handle, const Wanted& wanted) {
  const Weight& weight = object_of<const Weight>(device, handle, wanted.name);
  check_slice(weight.desc, weight.finished, wanted);
  return &weight;
}

template <class Weight>
Layer<Weight> bound_layer(decltype(Weight::device) device, const grok1_layer_desc* description) {
  const grok1_layer_desc& desc = input(description, GROK1_TYPE_LAYER_DESC, "desc");
  Layer<Weight> layer{checked_layer(desc), device, {}, {}, {}, {}, {}, {}, {}, {}};
  if (desc.q || desc.k || desc.v || desc.o) {
    const WantedAttention wanted = wanted_attention(layer);
    layer.q = bound<Weight>(device, desc.q, wanted.q), layer.k = bound<Weight>(device, desc.k, wanted.k);
    layer.v = bound<Weight>(device, desc.v, wanted.v), layer.o = bound<Weight>(device, desc.o, wanted.o);
  }
  if (desc.gate || desc.up || desc.down) {
    const WantedExperts wanted = wanted_experts(layer);
    layer.gate = bound<Weight>(device, desc.gate, wanted.gate);
    layer.up = bound<Weight>(device, desc.up, wanted.up);
    layer.down = bound<Weight>(device, desc.down, wanted.down);
  }
  if (desc.router) layer.router = bound<Weight>(device, desc.router, wanted_router(layer));
  return layer;
}

template <class Weight>
LmHead<Weight> bound_lm_head(decltype(Weight::device) device, const grok1_lm_head_desc* description) {
  const grok1_lm_head_desc desc =
      grown_input(description, GROK1_TYPE_LM_HEAD_DESC, "desc", offsetof(grok1_lm_head_desc, output));
  const grok1_model_desc model = checked_model(desc.model);
  const auto rows = [&](const grok1_weight* handle, const char* name) {
    const Weight* weight = bound<Weight>(device, handle, wanted_vocabulary(name, desc, model));
    if (weight->desc.order != GROK1_ORDER_NK)
      refuse(GROK1_E_INVALID_ARGUMENT, "%s: order is %u, wanted GROK1_ORDER_NK (2)", name, weight->desc.order);
    return weight;
  };
  const Weight* embedding = rows(desc.embedding, "embedding");
  const Weight* output = desc.output == nullptr ? embedding : rows(desc.output, "output");
  return {device, model, embedding, output, desc.vocab_begin, desc.vocab_end};
}

}  // namespace grok1::contract

#endif
