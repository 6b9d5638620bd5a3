// Binding: every weight must be the slice that the share demands.
#include "backends/gpu/binding.h"

#include <memory>

#include "backends/gpu/table.h"

namespace grok1::accel {
namespace {

using Number = unsigned long long;  // what %llu prints

struct Extent {
  uint64_t begin, end, size;
};

// The slice that a share needs of a weight.
struct Wanted {
  const char* name;
  Extent experts, k, n;
};

void check_extent(const char* weight, const char* axis, Extent found, Extent wanted) {
  if (found.begin == wanted.begin && found.end == wanted.end && found.size == wanted.size) return;
  refuse(GROK1_E_INVALID_ARGUMENT, "%s: its %s are %llu .. %llu of %llu, this share needs %llu .. %llu of %llu", weight,
         axis, Number{found.begin}, Number{found.end}, Number{found.size}, Number{wanted.begin}, Number{wanted.end},
         Number{wanted.size});
}

const Weight* bound(const Device* device, const grok1_weight* handle, const Wanted& wanted) {
  const Weight& weight = object_of<const Weight>(device, handle, wanted.name);
  const grok1_weight_desc& d = weight.desc;
  if (!weight.finished) refuse(GROK1_E_INVALID_ARGUMENT, "%s: not finished, weight_end is missing", wanted.name);
  if (d.kind != GROK1_WEIGHT_LINEAR)
    refuse(GROK1_E_INVALID_ARGUMENT, "%s: a vector, wanted a linear weight", wanted.name);
  check_extent(wanted.name, "experts", {d.expert_begin, d.expert_end, d.experts}, wanted.experts);
  check_extent(wanted.name, "inputs (k)", {d.k_begin, d.k_end, d.k}, wanted.k);
  check_extent(wanted.name, "outputs (n)", {d.n_begin, d.n_end, d.n}, wanted.n);
  return &weight;
}

// One kernel multiplies both.
void check_alike(const Weight& a, const Weight& b, const char* names) {
  if (a.element == b.element && a.matrix.split == b.matrix.split) return;
  refuse(GROK1_E_UNSUPPORTED,
         "%s: wanted one encoding with the same scale groups, found encodings %u and %u with %u and "
         "%u groups",
         names, a.desc.encoding, b.desc.encoding, a.desc.groups, b.desc.groups);
}

void bind_attention(Layer& layer, const grok1_layer_desc& desc) {
  const grok1_model_desc& m = layer.model;
  check_range("kv head", desc.kv_head_begin, desc.kv_head_end, m.kv_heads);
  const uint64_t queries = uint64_t{m.heads / m.kv_heads} * m.head_dim;  // columns of q per kv head
  const Extent one{0, 1, 1}, rows{0, m.d_model, m.d_model};
  const Extent q{desc.kv_head_begin * queries, desc.kv_head_end * queries, m.kv_heads * queries};
  const Extent kv{uint64_t{desc.kv_head_begin} * m.head_dim, uint64_t{desc.kv_head_end} * m.head_dim,
                  uint64_t{m.kv_heads} * m.head_dim};
  layer.q = bound(layer.device, desc.q, {"q", one, rows, q});
  layer.k = bound(layer.device, desc.k, {"k", one, rows, kv});
  layer.v = bound(layer.device, desc.v, {"v", one, rows, kv});
  layer.o = bound(layer.device, desc.o, {"o", one, q, rows});
  check_alike(*layer.q, *layer.k, "q and k");
  check_alike(*layer.q, *layer.v, "q and v");
  if (m.head_dim > kMostHeadDim)
    refuse(GROK1_E_UNSUPPORTED, "head_dim is %u: the GPU takes at most %u", m.head_dim, kMostHeadDim);
}

void bind_experts(Layer& layer, const grok1_layer_desc& desc) {
  const grok1_model_desc& m = layer.model;
  check_range("expert", desc.expert_begin, desc.expert_end, m.experts);
  check_range("ffn", desc.ffn_begin, desc.ffn_end, m.ffn);
  const Extent experts{desc.expert_begin, desc.expert_end, m.experts}, rows{0, m.d_model, m.d_model};
  const Extent ffn{desc.ffn_begin, desc.ffn_end, m.ffn};
  layer.gate = bound(layer.device, desc.gate, {"gate", experts, rows, ffn});
  layer.up = bound(layer.device, desc.up, {"up", experts, rows, ffn});
  layer.down = bound(layer.device, desc.down, {"down", experts, ffn, rows});
  check_alike(*layer.gate, *layer.up, "gate and up");
}

void bind_router(Layer& layer, const grok1_layer_desc& desc) {
  const grok1_model_desc& m = layer.model;
  const Extent rows{0, m.d_model, m.d_model}, experts{0, m.experts, m.experts};
  layer.router = bound(layer.device, desc.router, {"router", {0, 1, 1}, rows, experts});
}

Layer bound_layer(Device& device, const grok1_layer_desc& desc) {
  Layer layer{};
  layer.device = &device;
  layer.model = checked_model(desc.model);
  layer.index = desc.index;
  if (desc.index >= layer.model.layers)
    refuse(GROK1_E_INVALID_ARGUMENT, "layer %u of a model that has %u", desc.index, layer.model.layers);
  if (desc.flags != 0) refuse(GROK1_E_UNKNOWN_FIELD, "layer flags are 0x%x, this backend knows none", desc.flags);
  layer.kv_head_begin = desc.kv_head_begin, layer.kv_head_end = desc.kv_head_end;
  layer.expert_begin = desc.expert_begin, layer.expert_end = desc.expert_end;
  if (desc.q || desc.k || desc.v || desc.o) bind_attention(layer, desc);
  if (desc.gate || desc.up || desc.down) bind_experts(layer, desc);
  if (desc.router) bind_router(layer, desc);
  return layer;
}

}  // namespace

grok1_model_desc checked_model(const grok1_model_desc* model) {
  const grok1_model_desc& m = input(model, GROK1_TYPE_MODEL_DESC, "model");
  if (m.d_model == 0 || m.ffn == 0 || m.vocab_size == 0 || m.layers == 0 || m.context == 0)
    refuse(GROK1_E_INVALID_ARGUMENT,
           "model: d_model, ffn, vocab_size, layers and context are %u, %u, %u, %u, %u; none "
           "may be 0",
           m.d_model, m.ffn, m.vocab_size, m.layers, m.context);
  if (m.kv_heads == 0 || m.heads == 0 || m.heads % m.kv_heads != 0)
    refuse(GROK1_E_INVALID_ARGUMENT, "model: %u query heads are no multiple of %u kv heads", m.heads, m.kv_heads);
  if (m.head_dim == 0 || m.head_dim % 2 != 0)
    refuse(GROK1_E_INVALID_ARGUMENT, "model: head_dim is %u, wanted an even number", m.head_dim);
  if (m.experts_used == 0 || m.experts_used > m.experts || m.experts > 256)
    refuse(GROK1_E_INVALID_ARGUMENT, "model: %u of %u experts used; wanted 1 or more, and 256 experts at most",
           m.experts_used, m.experts);
  return m;
}

void check_same_model(const grok1_model_desc& step, const grok1_model_desc& found, const char* name) {
  const char *a = reinterpret_cast<const char*>(&step), *b = reinterpret_cast<const char*>(&found);
  if (std::memcmp(a + sizeof(grok1_head), b + sizeof(grok1_head), sizeof step - sizeof(grok1_head)) != 0)
    refuse(GROK1_E_INVALID_ARGUMENT, "%s was made for a model of other numbers than the step", name);
}

grok1_status layer_bind(grok1_device* device, const grok1_layer_desc* desc, grok1_layer** layer, grok1_error* err) {
  return guarded(err, [&] {
    Device& self = object<Device>(device, "device");
    given(layer, "layer");
    hand_out(layer, new Layer(bound_layer(self, input(desc, GROK1_TYPE_LAYER_DESC, "desc"))));
  });
}

void layer_free(grok1_layer* layer) {
  delete reinterpret_cast<Layer*>(layer);
}

grok1_status lm_head_bind(grok1_device* device, const grok1_lm_head_desc* description, grok1_lm_head** lm_head,
                          grok1_error* err) {
  return guarded(err, [&] {
    Device& self = object<Device>(device, "device");
    given(lm_head, "lm_head");
    const grok1_lm_head_desc& desc = input(description, GROK1_TYPE_LM_HEAD_DESC, "desc");
    const grok1_model_desc m = checked_model(desc.model);
    check_range("vocabulary", desc.vocab_begin, desc.vocab_end, m.vocab_size);
    const Weight* embedding =
        bound(&self, desc.embedding,
              {"embedding", {0, 1, 1}, {0, m.d_model, m.d_model}, {desc.vocab_begin, desc.vocab_end, m.vocab_size}});
    if (embedding->desc.order != GROK1_ORDER_NK)
      refuse(GROK1_E_INVALID_ARGUMENT, "embedding: order is %u, wanted GROK1_ORDER_NK (2)", embedding->desc.order);
    hand_out(lm_head, new LmHead{&self, m, embedding, desc.vocab_begin, desc.vocab_end});
  });
}

void lm_head_free(grok1_lm_head* lm_head) {
  delete reinterpret_cast<LmHead*>(lm_head);
}

}  // namespace grok1::accel
