// Random layers and their binding; what they are for is in layer.h.
#include "tests/conformance/layer.h"

namespace grok1::conformance {

grok1_model_desc small_model() {
  grok1_model_desc model = GROK1_INIT(grok1_model_desc);
  model.d_model = 96;
  model.heads = 6;
  model.kv_heads = 2;
  model.head_dim = 16;
  model.ffn = 192;
  model.experts = 4;
  model.experts_used = 2;
  model.vocab_size = 250;
  model.layers = 4;
  model.context = 4096;
  model.embedding_multiplier = 78.38367176906169f;
  model.output_multiplier = 0.5773502691896257f;
  model.attention_multiplier = 0.5f;  // q . k has deviation sqrt(head_dim) = 4
  model.attention_soft_cap = 5;
  model.rope_base = 10000;
  model.rms_norm_eps = 1e-5f;
  return model;
}

grok1_model_desc block_model() {
  grok1_model_desc model = small_model();
  model.d_model = 256, model.heads = 4, model.kv_heads = 2, model.head_dim = 64, model.ffn = 512;
  model.attention_multiplier = 0.25f;
  return model;
}

std::string text_of(const grok1_model_desc& m) {
  return "d_model " + std::to_string(m.d_model) + ", " + std::to_string(m.heads) + "/" + std::to_string(m.kv_heads) +
         " heads of " + std::to_string(m.head_dim) + ", ffn " + std::to_string(m.ffn) + ", " +
         std::to_string(m.experts_used) + " of " + std::to_string(m.experts) + " experts, vocabulary " +
         std::to_string(m.vocab_size);
}

LayerTensors random_layer(Random& random, const grok1_model_desc& m, Format format, uint32_t groups) {
  const uint64_t q = uint64_t(m.heads) * m.head_dim, kv = uint64_t(m.kv_heads) * m.head_dim;
  const double from_d = 1 / std::sqrt(m.d_model), from_q = 1 / std::sqrt(q), from_ffn = 1 / std::sqrt(m.ffn);
  LayerTensors t;
  t.q = random_linear(random, format, 1, 1, m.d_model, q, from_d);
  t.k = random_linear(random, format, 1, 1, m.d_model, kv, from_d);
  t.v = random_linear(random, format, 1, 1, m.d_model, kv, from_d);
  t.o = random_linear(random, format, 1, groups, q, m.d_model, from_q);
  t.router = random_linear(random, kF32Kn, 1, 1, m.d_model, m.experts, from_d);
  t.gate = random_linear(random, format, m.experts, 1, m.d_model, m.ffn, from_d);
  t.up = random_linear(random, format, m.experts, 1, m.d_model, m.ffn, from_d);
  t.down = random_linear(random, format, m.experts, groups, m.ffn, m.d_model, from_ffn);
  return t;
}

Share whole_share(const grok1_model_desc& model) {
  return {0, model.kv_heads, 0, model.experts, 0, model.ffn};
}

BoundLayer bind_layer(Device& device, const grok1_model_desc& m, const LayerTensors& t, const Share& share,
                      unsigned parts, Delivery delivery, uint32_t index) {
  BoundLayer bound;
  const auto hold = [&](const Tensor& tensor, const Slice& slice) {
    bound.weights.push_back(upload(device, tensor, slice, delivery));
    return static_cast<const grok1_weight*>(bound.weights.back().get());
  };
  grok1_layer_desc desc = GROK1_INIT(grok1_layer_desc);
  desc.model = &m;
  desc.index = index;
  desc.kv_head_begin = share.kv_head_begin, desc.kv_head_end = share.kv_head_end;
  desc.expert_begin = share.expert_begin, desc.expert_end = share.expert_end;
  desc.ffn_begin = share.ffn_begin, desc.ffn_end = share.ffn_end;
  if ((parts & kAttention) != 0) {
    const uint64_t kv_begin = uint64_t(share.kv_head_begin) * m.head_dim;
    const uint64_t kv_end = uint64_t(share.kv_head_end) * m.head_dim, group = m.heads / m.kv_heads;
    desc.q = hold(t.q, {0, 1, 0, m.d_model, kv_begin * group, kv_end * group});
    desc.k = hold(t.k, {0, 1, 0, m.d_model, kv_begin, kv_end});
    desc.v = hold(t.v, {0, 1, 0, m.d_model, kv_begin, kv_end});
    desc.o = hold(t.o, {0, 1, kv_begin * group, kv_end * group, 0, m.d_model});
  }
  if ((parts & kRouter) != 0) desc.router = hold(t.router, whole(t.router));
  if ((parts & kExperts) != 0) {
    const Slice up{share.expert_begin, share.expert_end, 0, m.d_model, share.ffn_begin, share.ffn_end};
    desc.gate = hold(t.gate, up);
    desc.up = hold(t.up, up);
    desc.down = hold(t.down, {share.expert_begin, share.expert_end, share.ffn_begin, share.ffn_end, 0, m.d_model});
  }
  grok1_layer* layer = nullptr;
  call("layer_bind", device.ops().layer_bind, device.handle(), &desc, &layer);
  bound.layer = device.own(layer, device.ops().layer_free);
  return bound;
}

Tensor random_embedding(Random& random, const grok1_model_desc& m, uint32_t encoding) {
  return random_linear(random, {encoding, GROK1_ENCODING_NONE, GROK1_ORDER_NK}, 1, 0, m.d_model, m.vocab_size,
                       1 / std::sqrt(m.d_model));
}

BoundHead bind_head(Device& device, const grok1_model_desc& m, const Tensor& embedding, uint32_t vocab_begin,
                    uint32_t vocab_end, Delivery delivery, const Tensor* output) {
  BoundHead bound;
  const Slice slice{0, 1, 0, m.d_model, vocab_begin, vocab_end};
  bound.embedding = upload(device, embedding, slice, delivery);
  if (output != nullptr) bound.output = upload(device, *output, slice, delivery);
  grok1_lm_head_desc desc = GROK1_INIT(grok1_lm_head_desc);
  desc.model = &m;
  desc.embedding = bound.embedding.get();
  desc.output = bound.output.get();
  desc.vocab_begin = vocab_begin;
  desc.vocab_end = vocab_end;
  grok1_lm_head* head = nullptr;
  call("lm_head_bind", device.ops().lm_head_bind, device.handle(), &desc, &head);
  bound.head = device.own(head, device.ops().lm_head_free);
  return bound;
}

}  // namespace grok1::conformance
