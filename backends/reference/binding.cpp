// Binding: which weights make a layer or an LM head, and that each is the slice that the share demands.
#include "backends/reference/binding.h"

#include "backends/reference/refusal.h"
#include "backends/reference/table.h"

namespace grok1::reference {
namespace {

struct Range {
  uint64_t begin, end;
};

void check_share(uint32_t begin, uint32_t end, uint32_t size, const char* name) {
  if (begin >= end || end > size)
    refuse(GROK1_E_INVALID_ARGUMENT, "%s range %u .. %u: wanted a part of 0 .. %u that is not empty", name, begin, end,
           size);
}

void check_extent(const char* weight, const char* axis, uint64_t size, Range found, uint64_t wanted_size,
                  Range wanted) {
  if (size != wanted_size || found.begin != wanted.begin || found.end != wanted.end)
    refuse(GROK1_E_INVALID_ARGUMENT, "%s: %s is %zu .. %zu of %zu, this share needs %zu .. %zu of %zu", weight, axis,
           found.begin, found.end, size, wanted.begin, wanted.end, wanted_size);
}

// The weight behind a handle, which must be the slice given by sizes and ranges of experts, K and N.
const Weight* bind(const grok1_device* device, const grok1_weight* handle, const char* name, uint64_t experts,
                   Range expert, uint64_t k, Range k_range, uint64_t n, Range n_range) {
  const Weight& weight = object_of<const Weight>(device, handle, name);
  const grok1_weight_desc& d = weight.desc;
  if (!weight.finished) refuse(GROK1_E_INVALID_ARGUMENT, "%s: weight_end has not completed it", name);
  if (d.kind != GROK1_WEIGHT_LINEAR)
    refuse(GROK1_E_INVALID_ARGUMENT, "%s is a vector, a linear weight is wanted", name);
  check_extent(name, "experts", d.experts, {d.expert_begin, d.expert_end}, experts, expert);
  check_extent(name, "k", d.k, {d.k_begin, d.k_end}, k, k_range);
  check_extent(name, "n", d.n, {d.n_begin, d.n_end}, n, n_range);
  return &weight;
}

void bind_attention(Layer& layer, const grok1_layer_desc& desc) {
  const grok1_model_desc& m = layer.model;
  check_share(desc.kv_head_begin, desc.kv_head_end, m.kv_heads, "kv head");
  const uint64_t group = uint64_t(m.heads / m.kv_heads) * m.head_dim;  // columns of q per kv head
  const uint64_t d = m.d_model, q_size = group * m.kv_heads, kv_size = uint64_t(m.kv_heads) * m.head_dim;
  const Range whole{0, d}, q{desc.kv_head_begin * group, desc.kv_head_end * group};
  const Range kv{uint64_t(desc.kv_head_begin) * m.head_dim, uint64_t(desc.kv_head_end) * m.head_dim};
  layer.q = bind(layer.device, desc.q, "q", 1, {0, 1}, d, whole, q_size, q);
  layer.k = bind(layer.device, desc.k, "k", 1, {0, 1}, d, whole, kv_size, kv);
  layer.v = bind(layer.device, desc.v, "v", 1, {0, 1}, d, whole, kv_size, kv);
  layer.o = bind(layer.device, desc.o, "o", 1, {0, 1}, q_size, q, d, whole);
}

void bind_experts(Layer& layer, const grok1_layer_desc& desc) {
  const grok1_model_desc& m = layer.model;
  check_share(desc.expert_begin, desc.expert_end, m.experts, "expert");
  check_share(desc.ffn_begin, desc.ffn_end, m.ffn, "ffn");
  const Range whole{0, m.d_model}, experts{desc.expert_begin, desc.expert_end}, ffn{desc.ffn_begin, desc.ffn_end};
  layer.gate = bind(layer.device, desc.gate, "gate", m.experts, experts, m.d_model, whole, m.ffn, ffn);
  layer.up = bind(layer.device, desc.up, "up", m.experts, experts, m.d_model, whole, m.ffn, ffn);
  layer.down = bind(layer.device, desc.down, "down", m.experts, experts, m.ffn, ffn, m.d_model, whole);
}

Layer bound(const grok1_device* device, const grok1_layer_desc& desc) {
  Layer layer{};
  layer.device = device;
  layer.model = model_numbers(desc.model);
  if (desc.index >= layer.model.layers)
    refuse(GROK1_E_INVALID_ARGUMENT, "layer %u of a model with %u", desc.index, layer.model.layers);
  if (desc.flags != 0) refuse(GROK1_E_UNKNOWN_FIELD, "flags are %u, none is known here", desc.flags);
  layer.index = desc.index;
  layer.kv_head_begin = desc.kv_head_begin, layer.kv_head_end = desc.kv_head_end;
  layer.expert_begin = desc.expert_begin, layer.expert_end = desc.expert_end;
  layer.ffn_begin = desc.ffn_begin, layer.ffn_end = desc.ffn_end;
  if (desc.q || desc.k || desc.v || desc.o) bind_attention(layer, desc);
  if (desc.gate || desc.up || desc.down) bind_experts(layer, desc);
  const uint64_t d = layer.model.d_model, experts = layer.model.experts;
  if (desc.router) layer.router = bind(device, desc.router, "router", 1, {0, 1}, d, {0, d}, experts, {0, experts});
  return layer;
}

}  // namespace

grok1_model_desc model_numbers(const grok1_model_desc* desc) {
  const grok1_model_desc& m = input(desc, GROK1_TYPE_MODEL_DESC, "model");
  if (m.d_model == 0 || m.ffn == 0 || m.vocab_size == 0 || m.layers == 0 || m.context == 0)
    refuse(GROK1_E_INVALID_ARGUMENT, "model: d_model, ffn, vocab_size, layers and context must be 1 or more");
  if (m.kv_heads == 0 || m.heads == 0 || m.heads % m.kv_heads != 0)
    refuse(GROK1_E_INVALID_ARGUMENT, "model: %u heads are no multiple of %u kv heads", m.heads, m.kv_heads);
  if (m.head_dim == 0 || m.head_dim % 2 != 0)
    refuse(GROK1_E_INVALID_ARGUMENT, "model: head_dim is %u, wanted an even number", m.head_dim);
  if (m.experts_used == 0 || m.experts_used > m.experts || m.experts > 256)
    refuse(GROK1_E_INVALID_ARGUMENT, "model: %u of %u experts used, wanted 1 .. experts of at most 256", m.experts_used,
           m.experts);
  return m;
}

void check_same_model(const grok1_model_desc& a, const grok1_model_desc& b, const char* name) {
  const char* x = reinterpret_cast<const char*>(&a) + sizeof(grok1_head);
  const char* y = reinterpret_cast<const char*>(&b) + sizeof(grok1_head);
  if (std::memcmp(x, y, sizeof a - sizeof(grok1_head)) != 0)
    refuse(GROK1_E_INVALID_ARGUMENT, "%s was made for a model of other numbers than the step", name);
}

grok1_status layer_bind(grok1_device* device, const grok1_layer_desc* desc, grok1_layer** layer, grok1_error* err) {
  return guarded(err, [&] {
    given(device, "device");
    given(layer, "layer");
    hand_out(layer, new Layer(bound(device, input(desc, GROK1_TYPE_LAYER_DESC, "desc"))));
  });
}

void layer_free(grok1_layer* layer) {
  delete reinterpret_cast<Layer*>(layer);
}

grok1_status lm_head_bind(grok1_device* device, const grok1_lm_head_desc* description, grok1_lm_head** lm_head,
                          grok1_error* err) {
  return guarded(err, [&] {
    given(device, "device");
    given(lm_head, "lm_head");
    const grok1_lm_head_desc& desc = input(description, GROK1_TYPE_LM_HEAD_DESC, "desc");
    const grok1_model_desc model = model_numbers(desc.model);
    check_share(desc.vocab_begin, desc.vocab_end, model.vocab_size, "vocabulary");
    const Weight* embedding = bind(device, desc.embedding, "embedding", 1, {0, 1}, model.d_model, {0, model.d_model},
                                   model.vocab_size, {desc.vocab_begin, desc.vocab_end});
    if (embedding->desc.order != GROK1_ORDER_NK)
      refuse(GROK1_E_INVALID_ARGUMENT, "embedding: order is %u, wanted GROK1_ORDER_NK (2)", embedding->desc.order);
    hand_out(lm_head, new LmHead{device, model, embedding, desc.vocab_begin, desc.vocab_end});
  });
}

void lm_head_free(grok1_lm_head* lm_head) {
  delete reinterpret_cast<LmHead*>(lm_head);
}

}  // namespace grok1::reference
