// What is held where, planned and bound. How the bytes come there, weight_fill.h.
#include "core/model/weights.h"

#include <algorithm>

#include "core/model/weight_fill.h"
#include "core/model/weight_slices.h"

namespace grok1 {
namespace {

WeightBytes plan_slice(const Device& device, const grok1_weight_desc& desc, bool expert) {
  grok1_weight_plan plan = GROK1_INIT(grok1_weight_plan);
  device.call(device.ops().weight_plan, device.get(), &desc, &plan);
  const bool in_place = plan.in_place != 0;
  const uint64_t held = in_place ? slice_bytes(desc) : plan.device_bytes;
  return {held, expert ? held : 0, expert && in_place ? held : 0, plan.scratch_bytes};
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
  desc.output = member.head.get();
  desc.vocab_end = model.vocab_size;
  member.lm_head = Device::make(device.ops().lm_head_free, [&](grok1_lm_head** out) {
    device.call(device.ops().lm_head_bind, device.get(), &desc, out);
  });
}

WeightPtr& place_of(MemberWeights& weights, const Tensor& tensor) {
  if (tensor.role == TensorRole::kEmbedding) return weights.embedding;
  if (tensor.role == TensorRole::kHead) return weights.head;
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

WeightBytes plan_weights(const Device& device, const TensorSource& source, const Division& division, uint32_t member,
                         uint32_t how) {
  WeightBytes bytes;
  for (const Tensor& tensor : source.tensors()) {
    const auto slice = slice_of(tensor, source.config(), division, member);
    if (!slice) continue;
    const WeightBytes part = plan_slice(device, as_loaded(*slice, how), is_expert(tensor.role));
    bytes.all += part.all;
    bytes.experts += part.experts;
    bytes.mapped_experts += part.mapped_experts;
    bytes.scratch = std::max(bytes.scratch, part.scratch);
  }
  return bytes;
}

WeightBytes plan_tensor(const Device& device, const Tensor& tensor, uint32_t how) {
  return plan_slice(device, as_loaded(describe_tensor(tensor), how), is_expert(tensor.role));
}

Weights load_weights(const std::vector<std::shared_ptr<Device>>& devices, const TensorSource& source,
                     const Division& division, uint32_t how, const LoadProgress& progress) {
  Weights weights{describe(source.config()), division, {}};
  for (const std::shared_ptr<Device>& device : devices) {
    weights.members.push_back(empty_member(device, weights.desc.layers));
  }
  const auto place = [&](const Tensor& tensor, uint32_t m) -> WeightPtr& {
    return place_of(weights.members[m], tensor);
  };
  weights.in_place = fill_weights(devices, source, division, how, place, progress);
  for (uint32_t m = 0; m < devices.size(); ++m) {
    for (uint32_t i = 0; i < weights.desc.layers; ++i) {
      bind_layer(weights.members[m], weights.desc, division.share(i, m), i);
    }
    bind_lm_head(weights.members[m], weights.desc);
  }
  return weights;
}

}  // namespace grok1
