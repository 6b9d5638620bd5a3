// Making and uploading layers; what they are for is in layers.h.
#include "layers.h"

#include <bit>
#include <cmath>
#include <cstring>

namespace slice {
namespace {

constexpr double kDeviation = 73.9;  // of a byte whose values are equally likely

uint16_t bf16(double value) {
  return static_cast<uint16_t>(std::bit_cast<uint32_t>(static_cast<float>(value)) >> 16);
}

// Inputs of rms 1 give outputs of rms 1.
Tensor linear(uint64_t stream, uint32_t experts, uint32_t groups, uint64_t k, uint64_t n) {
  Tensor t{GROK1_WEIGHT_LINEAR, experts, groups, k, n, nullptr, nullptr};
  const uint64_t words = (experts * t.value_bytes() + 7) / 8, scales = uint64_t{experts} * groups * n;
  t.values = std::make_unique_for_overwrite<char[]>(words * 8);
  for (uint64_t i = 0; i < words; ++i) {
    const uint64_t bits = random_bits(stream, i);
    std::memcpy(t.values.get() + 8 * i, &bits, 8);
  }
  t.scales = std::make_unique_for_overwrite<char[]>(scales * sizeof(uint16_t));
  const double scale = 1 / (kDeviation * std::sqrt(static_cast<double>(k)));
  for (uint64_t i = 0; i < scales; ++i) {
    const uint16_t bits = bf16(scale * (1 + 0.5 * random_float(stream + 1, i)));
    std::memcpy(t.scales.get() + sizeof bits * i, &bits, sizeof bits);
  }
  return t;
}

Tensor floats(uint64_t stream, uint32_t kind, uint64_t k, uint64_t n, double mean, double spread) {
  Tensor t{kind, 1, 0, k, n, nullptr, nullptr};
  t.values = std::make_unique_for_overwrite<char[]>(t.value_bytes());
  for (uint64_t i = 0; i < k * n; ++i) {
    const auto value = static_cast<float>(mean + spread * random_float(stream, i));
    std::memcpy(t.values.get() + sizeof value * i, &value, sizeof value);
  }
  return t;
}

void give(const Device& device, grok1_weight* weight, const Tensor& t, uint32_t expert, bool scales) {
  grok1_weight_chunk chunk = GROK1_INIT(grok1_weight_chunk);
  const uint64_t bytes = scales ? t.scale_bytes() : t.value_bytes();
  chunk.data = (scales ? t.scales : t.values).get() + expert * bytes;
  chunk.outer_end = scales ? t.groups : t.k;
  chunk.row_bytes = bytes / chunk.outer_end;
  chunk.expert = expert;
  chunk.scales = scales ? 1 : 0;
  call("weight_chunk", device.ops().weight_chunk, weight, device.queue(), &chunk);
}

Handle<grok1_weight> upload(const Device& device, const Tensor& t) {
  grok1_weight_desc desc = GROK1_INIT(grok1_weight_desc);
  desc.kind = t.kind;
  desc.encoding = t.groups > 0 ? GROK1_ENCODING_I8 : GROK1_ENCODING_F32;
  desc.scale_encoding = t.groups > 0 ? GROK1_ENCODING_BF16 : GROK1_ENCODING_NONE;
  desc.order = GROK1_ORDER_KN;
  desc.experts = desc.expert_end = t.experts;
  desc.groups = t.groups;
  desc.k = desc.k_end = t.k;
  desc.n = desc.n_end = t.n;
  grok1_weight* made = nullptr;
  call("weight_begin", device.ops().weight_begin, device.handle(), &desc, &made);
  Handle<grok1_weight> weight = device.own(made, device.ops().weight_free);
  for (uint32_t expert = 0; expert < t.experts; ++expert) {
    give(device, made, t, expert, false);
    if (t.groups > 0) give(device, made, t, expert, true);
  }
  call("weight_end", device.ops().weight_end, made, device.queue());
  return weight;
}

}  // namespace

// xai-org/grok-1, run.py. The context and the number of layers are the caller's.
grok1_model_desc grok1_sizes() {
  grok1_model_desc model = GROK1_INIT(grok1_model_desc);
  model.d_model = 6144;
  model.heads = 48, model.kv_heads = 8, model.head_dim = 128;
  model.ffn = 32768;
  model.experts = 8, model.experts_used = 2;
  model.vocab_size = 131072;
  model.embedding_multiplier = 78.38367176906169f;
  model.output_multiplier = 0.5773502691896257f;
  model.attention_multiplier = 0.08838834764831845f;
  model.attention_soft_cap = 30;
  model.rope_base = 10000;
  model.rms_norm_eps = 1e-5f;
  return model;
}

grok1_model_desc toy_sizes() {
  grok1_model_desc model = grok1_sizes();
  model.d_model = 192;
  model.heads = 6, model.kv_heads = 1, model.head_dim = 32;
  model.ffn = 256;
  model.vocab_size = 256;
  return model;
}

uint64_t random_bits(uint64_t stream, uint64_t n) {
  uint64_t bits = (stream << 40) + (n + 1) * 0x9e3779b97f4a7c15u;
  bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9u;
  bits = (bits ^ (bits >> 27)) * 0x94d049bb133111ebu;
  return bits ^ (bits >> 31);
}

float random_float(uint64_t stream, uint64_t n) {
  return static_cast<float>(static_cast<double>(random_bits(stream, n) >> 11) * 0x1p-52 - 1);
}

uint64_t LayerTensors::bytes() const {
  uint64_t sum = 0;
  for (const Tensor* t : {&q, &k, &v, &o, &router, &gate, &up, &down}) sum += t->bytes();
  for (const Tensor& t : norms) sum += t.bytes();
  return sum;
}

LayerTensors random_layer(const grok1_model_desc& m) {
  constexpr uint32_t kGroups = 8;  // along the input of attention's output and of down, as in the release
  const uint64_t query = uint64_t{m.heads} * m.head_dim, key = uint64_t{m.kv_heads} * m.head_dim;
  LayerTensors t;
  t.q = linear(10, 1, 1, m.d_model, query);
  t.k = linear(20, 1, 1, m.d_model, key);
  t.v = linear(30, 1, 1, m.d_model, key);
  t.o = linear(40, 1, kGroups, query, m.d_model);
  t.router = floats(50, GROK1_WEIGHT_LINEAR, m.d_model, m.experts, 0, 2.6 / std::sqrt(m.d_model));
  t.gate = linear(60, m.experts, 1, m.d_model, m.ffn);
  t.up = linear(70, m.experts, 1, m.d_model, m.ffn);
  t.down = linear(80, m.experts, kGroups, m.ffn, m.d_model);
  for (uint64_t i = 0; i < 4; ++i) t.norms[i] = floats(90 + i, GROK1_WEIGHT_VECTOR, m.d_model, 1, 1, 0.2);
  return t;
}

Layer upload(const Device& device, const grok1_model_desc& model, const LayerTensors& t, uint32_t index) {
  Layer layer;
  const auto hold = [&](const Tensor& tensor) {
    layer.weights.push_back(upload(device, tensor));
    return layer.weights.back().get();
  };
  grok1_layer_desc desc = GROK1_INIT(grok1_layer_desc);
  desc.model = &model;
  desc.q = hold(t.q), desc.k = hold(t.k), desc.v = hold(t.v), desc.o = hold(t.o);
  desc.router = hold(t.router);
  desc.gate = hold(t.gate), desc.up = hold(t.up), desc.down = hold(t.down);
  for (int i = 0; i < 4; ++i) layer.norms[i] = hold(t.norms[i]);
  desc.index = index;
  desc.kv_head_end = model.kv_heads;
  desc.expert_end = model.experts;
  desc.ffn_end = model.ffn;
  grok1_layer* made = nullptr;
  call("layer_bind", device.ops().layer_bind, device.handle(), &desc, &made);
  layer.layer = device.own(made, device.ops().layer_free);
  device.sync();
  return layer;
}

double bytes_of_row(const grok1_model_desc& m, const LayerTensors& t, uint32_t context) {
  const uint64_t experts = t.gate.bytes() + t.up.bytes() + t.down.bytes();
  const uint64_t kv = uint64_t{2} * (context + 1) * m.kv_heads * m.head_dim * sizeof(uint16_t);
  return static_cast<double>(t.bytes() - experts + experts * m.experts_used / m.experts + kv);
}

double operations_of_row(const grok1_model_desc& m, uint32_t context) {
  const double d = m.d_model, query = 1.0 * m.heads * m.head_dim, key = 1.0 * m.kv_heads * m.head_dim;
  const double weights = 2 * d * (query + key) + d * m.experts + 3.0 * m.experts_used * d * m.ffn;
  return 2 * (weights + 2 * query * (context + 1.0));
}

}  // namespace slice
