// Loading: one tensor after the other, in place where the device can use the mapped file, otherwise streamed to it in
// chunks. How a tensor is stored in its file is formats' business, how the device holds it the backend's.
#include "core/model/weights.h"

#include <algorithm>

#include "core/base/encoding.h"
#include "core/model/weight_slices.h"

namespace grok1 {
namespace {

// Large enough to keep a copy engine busy, small against staging memory.
constexpr uint64_t kChunkBytes = 64u << 20;

// What chunks are cut from: the rectangle of a slice in a tensor's matrix of weights or of scales.
struct Rectangle {
  const std::byte* data;  // of the whole tensor
  uint64_t outer, inner;  // of the whole matrix, in elements
  uint64_t outer_begin, outer_end, inner_begin;
  uint64_t element_bytes;

  uint64_t row_bytes() const { return inner * element_bytes; }
  const std::byte* at(uint32_t expert, uint64_t row) const {
    return data + (expert * outer + row) * row_bytes() + inner_begin * element_bytes;
  }
};

Rectangle weights_of(const grok1_weight_desc& d) {
  const auto* data = static_cast<const std::byte*>(d.data);
  const uint64_t bytes = encoding_bytes(d.encoding);
  if (d.order == GROK1_ORDER_KN) return {data, d.k, d.n, d.k_begin, d.k_end, d.n_begin, bytes};
  return {data, d.n, d.k, d.n_begin, d.n_end, d.k_begin, bytes};
}

// The groups that the slice touches.
Rectangle scales_of(const grok1_weight_desc& d) {
  const uint64_t group = d.k / d.groups;
  return {
      static_cast<const std::byte*>(d.scales), d.groups, d.n, d.k_begin / group, (d.k_end - 1) / group + 1, d.n_begin,
      encoding_bytes(d.scale_encoding)};
}

void stream_rectangle(const Device& device, grok1_weight* weight, grok1_queue* queue, uint32_t expert, bool scales,
                      const Rectangle& from) {
  const uint64_t rows_per_chunk = std::max<uint64_t>(1, kChunkBytes / from.row_bytes());
  for (uint64_t begin = from.outer_begin; begin < from.outer_end; begin += rows_per_chunk) {
    grok1_weight_chunk chunk = GROK1_INIT(grok1_weight_chunk);
    chunk.data = from.at(expert, begin);
    chunk.outer_begin = begin;
    chunk.outer_end = std::min(from.outer_end, begin + rows_per_chunk);
    chunk.row_bytes = from.row_bytes();
    chunk.expert = expert;
    chunk.scales = scales ? 1 : 0;
    device.call(device.ops().weight_chunk, weight, queue, &chunk);
  }
}

void stream(const Device& device, grok1_weight* weight, grok1_queue* queue, const grok1_weight_desc& desc) {
  for (uint32_t expert = desc.expert_begin; expert < desc.expert_end; ++expert) {
    stream_rectangle(device, weight, queue, expert, false, weights_of(desc));
    if (desc.groups != 0) stream_rectangle(device, weight, queue, expert, true, scales_of(desc));
  }
}

WeightBytes plan_slice(const Device& device, const grok1_weight_desc& desc, bool expert) {
  grok1_weight_plan plan = GROK1_INIT(grok1_weight_plan);
  device.call(device.ops().weight_plan, device.get(), &desc, &plan);
  const bool in_place = plan.in_place != 0;
  const uint64_t held = in_place ? slice_bytes(desc) : plan.device_bytes;
  return {held, expert ? held : 0, expert && in_place ? held : 0, plan.scratch_bytes};
}

WeightPtr load_slice(const Device& device, const grok1_weight_desc& desc, grok1_queue* queue) {
  const grok1_backend_ops& ops = device.ops();
  grok1_weight_plan plan = GROK1_INIT(grok1_weight_plan);
  device.call(ops.weight_plan, device.get(), &desc, &plan);
  const bool in_place = plan.in_place != 0;
  WeightPtr weight = Device::make(ops.weight_free,
                                  [&](grok1_weight** out) { device.call(ops.weight_begin, device.get(), &desc, out); });
  if (!in_place) stream(device, weight.get(), queue, desc);
  device.call(ops.weight_end, weight.get(), queue);
  if (!in_place) device.call(ops.queue_sync, queue);
  return weight;
}

void bind_layer(MemberWeights& member, const grok1_model_desc& model, const Share& share, uint32_t index) {
  const Device& device = *member.device;
  LayerWeights& layer = member.layers[index];
  grok1_layer_desc desc = GROK1_INIT(grok1_layer_desc);
  desc.model = &model;
  desc.q = layer.query.get();
  desc.k = layer.key.get();
  desc.v = layer.value.get();
  desc.o = layer.attention_out.get();
  desc.router = layer.router.get();
  desc.gate = layer.gate.get();
  desc.up = layer.up.get();
  desc.down = layer.down.get();
  desc.index = index;
  desc.kv_head_begin = share.kv_heads.begin;
  desc.kv_head_end = share.kv_heads.end;
  desc.expert_begin = share.experts.begin;
  desc.expert_end = share.experts.end;
  desc.ffn_begin = share.ffn.begin;
  desc.ffn_end = share.ffn.end;
  if (desc.q == nullptr && desc.router == nullptr && desc.gate == nullptr) return;  // nothing of this layer is here
  layer.bound = Device::make(device.ops().layer_free, [&](grok1_layer** out) {
    device.call(device.ops().layer_bind, device.get(), &desc, out);
  });
}

void bind_lm_head(MemberWeights& member, const grok1_model_desc& model) {
  const Device& device = *member.device;
  if (member.embedding == nullptr) return;
  grok1_lm_head_desc desc = GROK1_INIT(grok1_lm_head_desc);
  desc.model = &model;
  desc.embedding = member.embedding.get();
  desc.vocab_end = model.vocab_size;
  member.lm_head = Device::make(device.ops().lm_head_free, [&](grok1_lm_head** out) {
    device.call(device.ops().lm_head_bind, device.get(), &desc, out);
  });
}

WeightPtr& place_of(MemberWeights& weights, const Tensor& tensor) {
  if (tensor.role == TensorRole::kEmbedding) return weights.embedding;
  if (tensor.role == TensorRole::kFinalNorm) return weights.final_norm;
  LayerWeights& layer = weights.layers[tensor.layer];
  switch (tensor.role) {
    case TensorRole::kQuery: return layer.query;
    case TensorRole::kKey: return layer.key;
    case TensorRole::kValue: return layer.value;
    case TensorRole::kAttentionOut: return layer.attention_out;
    case TensorRole::kPreAttentionNorm: return layer.pre_attention_norm;
    case TensorRole::kPostAttentionNorm: return layer.post_attention_norm;
    case TensorRole::kPreMoeNorm: return layer.pre_moe_norm;
    case TensorRole::kPostMoeNorm: return layer.post_moe_norm;
    case TensorRole::kRouter: return layer.router;
    case TensorRole::kGate: return layer.gate;
    case TensorRole::kUp: return layer.up;
    default: return layer.down;
  }
}

LayerWeights empty_layer(const grok1_backend_ops& ops) {
  const auto none = [&] { return WeightPtr(nullptr, ops.weight_free); };
  return {none(),
          none(),
          none(),
          none(),
          none(),
          none(),
          none(),
          none(),
          none(),
          none(),
          none(),
          none(),
          Owned<grok1_layer>(nullptr, ops.layer_free)};
}

MemberWeights empty_member(const std::shared_ptr<Device>& device, uint32_t n_layers) {
  const grok1_backend_ops& ops = device->ops();
  MemberWeights member{device,
                       WeightPtr(nullptr, ops.weight_free),
                       WeightPtr(nullptr, ops.weight_free),
                       Owned<grok1_lm_head>(nullptr, ops.lm_head_free),
                       {}};
  member.layers.reserve(n_layers);
  for (uint32_t i = 0; i < n_layers; ++i) member.layers.push_back(empty_layer(ops));
  return member;
}

}  // namespace

grok1_model_desc describe(const Config& config) {
  grok1_model_desc desc = GROK1_INIT(grok1_model_desc);
  desc.d_model = config.d_model;
  desc.heads = config.heads;
  desc.kv_heads = config.kv_heads;
  desc.head_dim = config.head_dim;
  desc.ffn = config.ffn;
  desc.experts = config.experts;
  desc.experts_used = config.experts_used;
  desc.vocab_size = config.vocab_size;
  desc.layers = config.layers;
  desc.context = config.context;
  desc.embedding_multiplier = static_cast<float>(config.embedding_multiplier);
  desc.output_multiplier = static_cast<float>(config.output_multiplier);
  desc.attention_multiplier = static_cast<float>(config.attention_multiplier);
  desc.attention_soft_cap = static_cast<float>(config.attention_soft_cap);
  desc.rope_base = static_cast<float>(config.rope_base);
  desc.rms_norm_eps = static_cast<float>(config.rms_norm_eps);
  return desc;
}

WeightBytes plan_weights(const Device& device, const TensorSource& source, const Division& division, uint32_t member) {
  WeightBytes bytes;
  for (const Tensor& tensor : source.tensors()) {
    const auto slice = slice_of(tensor, source.config(), division, member);
    if (!slice) continue;
    const WeightBytes part = plan_slice(device, *slice, is_expert(tensor.role));
    bytes.all += part.all;
    bytes.experts += part.experts;
    bytes.mapped_experts += part.mapped_experts;
    bytes.scratch = std::max(bytes.scratch, part.scratch);
  }
  return bytes;
}

WeightBytes plan_tensor(const Device& device, const Tensor& tensor) {
  return plan_slice(device, describe_tensor(tensor), is_expert(tensor.role));
}

Weights load_weights(const std::vector<std::shared_ptr<Device>>& devices, const TensorSource& source,
                     const Division& division, const std::function<void(uint64_t done, uint64_t total)>& progress) {
  Weights weights{describe(source.config()), division, {}};
  std::vector<Owned<grok1_queue>> queues;
  for (const std::shared_ptr<Device>& device : devices) {
    weights.members.push_back(empty_member(device, weights.desc.layers));
    queues.push_back(device->queue());
  }
  uint64_t total = 0, done = 0;
  for (const Tensor& tensor : source.tensors()) total += tensor.bytes + tensor.scale_bytes;
  progress(0, total);
  for (const Tensor& tensor : source.tensors()) {
    for (uint32_t m = 0; m < devices.size(); ++m) {
      const auto slice = slice_of(tensor, source.config(), division, m);
      if (slice) place_of(weights.members[m], tensor) = load_slice(*devices[m], *slice, queues[m].get());
    }
    progress(done += tensor.bytes + tensor.scale_bytes, total);
  }
  for (uint32_t m = 0; m < devices.size(); ++m) {
    for (uint32_t i = 0; i < weights.desc.layers; ++i) {
      bind_layer(weights.members[m], weights.desc, division.share(i, m), i);
    }
    bind_lm_head(weights.members[m], weights.desc);
  }
  return weights;
}

}  // namespace grok1
