// Loading: one tensor after the other, in place where the device can use the mapped file, otherwise streamed to it in
// chunks. How a tensor is stored in its file is formats' business, how the device holds it the backend's.
#include "core/model/weights.h"

#include <algorithm>

#include "core/base/encoding.h"

namespace grok1 {
namespace {

// Large enough to keep a copy engine busy, small against staging memory.
constexpr uint64_t kChunkBytes = 64u << 20;

bool is_norm(TensorRole role) {
  switch (role) {
    case TensorRole::kFinalNorm:
    case TensorRole::kPreAttentionNorm:
    case TensorRole::kPostAttentionNorm:
    case TensorRole::kPreMoeNorm:
    case TensorRole::kPostMoeNorm: return true;
    default: return false;
  }
}

bool is_expert(TensorRole role) {
  return role == TensorRole::kGate || role == TensorRole::kUp || role == TensorRole::kDown;
}

// The whole tensor, as one device takes it.
grok1_weight_desc describe_tensor(const Tensor& tensor) {
  grok1_weight_desc desc = GROK1_INIT(grok1_weight_desc);
  desc.encoding = tensor.encoding;
  desc.experts = 1;
  if (is_norm(tensor.role)) {
    desc.kind = GROK1_WEIGHT_VECTOR;
    desc.order = GROK1_ORDER_KN;
    desc.k = tensor.shape[0];
    desc.n = 1;
  } else {
    desc.kind = GROK1_WEIGHT_LINEAR;
    const bool output_first = tensor.transposed || tensor.role == TensorRole::kEmbedding;
    desc.order = output_first ? GROK1_ORDER_NK : GROK1_ORDER_KN;
    if (tensor.rank == 3) desc.experts = static_cast<uint32_t>(tensor.shape[0]);
    const uint64_t outer = tensor.shape[tensor.rank - 2], inner = tensor.shape[tensor.rank - 1];
    desc.k = output_first ? inner : outer;
    desc.n = output_first ? outer : inner;
    desc.scale_encoding = tensor.scale_encoding;
    desc.groups = tensor.scale_groups;
  }
  desc.expert_end = desc.experts;
  desc.k_end = desc.k;
  desc.n_end = desc.n;
  desc.data = tensor.data();
  desc.scales = tensor.scales();
  return desc;
}

void stream_matrix(const Device& device, grok1_weight* weight, grok1_queue* queue, uint32_t expert, bool scales,
                   const std::byte* data, uint64_t rows, uint64_t row_bytes) {
  const uint64_t rows_per_chunk = std::max<uint64_t>(1, kChunkBytes / row_bytes);
  for (uint64_t begin = 0; begin < rows; begin += rows_per_chunk) {
    grok1_weight_chunk chunk = GROK1_INIT(grok1_weight_chunk);
    chunk.data = data + begin * row_bytes;
    chunk.outer_begin = begin;
    chunk.outer_end = std::min(rows, begin + rows_per_chunk);
    chunk.row_bytes = row_bytes;
    chunk.expert = expert;
    chunk.scales = scales ? 1 : 0;
    call(device.ops().weight_chunk, weight, queue, &chunk);
  }
}

void stream(const Device& device, grok1_weight* weight, grok1_queue* queue, const grok1_weight_desc& desc) {
  const uint64_t outer = desc.order == GROK1_ORDER_KN ? desc.k : desc.n;
  const uint64_t inner = desc.order == GROK1_ORDER_KN ? desc.n : desc.k;
  const uint64_t row_bytes = inner * encoding_bytes(desc.encoding);
  const uint64_t scale_row_bytes = desc.n * encoding_bytes(desc.scale_encoding);
  const auto* data = static_cast<const std::byte*>(desc.data);
  const auto* scales = static_cast<const std::byte*>(desc.scales);
  for (uint32_t expert = 0; expert < desc.experts; ++expert) {
    stream_matrix(device, weight, queue, expert, false, data + expert * outer * row_bytes, outer, row_bytes);
    if (desc.groups == 0) continue;
    stream_matrix(device, weight, queue, expert, true, scales + expert * desc.groups * scale_row_bytes, desc.groups,
                  scale_row_bytes);
  }
}

grok1_weight_plan plan_tensor(const Device& device, const grok1_weight_desc& desc) {
  grok1_weight_plan plan = GROK1_INIT(grok1_weight_plan);
  call(device.ops().weight_plan, device.get(), &desc, &plan);
  return plan;
}

WeightPtr load_tensor(const Device& device, const Tensor& tensor, grok1_queue* queue) {
  const grok1_backend_ops& ops = device.ops();
  const grok1_weight_desc desc = describe_tensor(tensor);
  const bool in_place = plan_tensor(device, desc).in_place != 0;
  WeightPtr weight =
      Device::make(ops.weight_free, [&](grok1_weight** out) { call(ops.weight_begin, device.get(), &desc, out); });
  if (!in_place) stream(device, weight.get(), queue, desc);
  call(ops.weight_end, weight.get(), queue);
  if (!in_place) call(ops.queue_sync, queue);
  return weight;
}

void bind_layer(const Device& device, const Weights& weights, uint32_t index, LayerWeights& layer) {
  const grok1_model_desc& model = weights.desc;
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
  desc.kv_head_end = model.kv_heads;
  desc.expert_end = model.experts;
  desc.ffn_end = model.ffn;
  layer.bound = Device::make(device.ops().layer_free,
                             [&](grok1_layer** out) { call(device.ops().layer_bind, device.get(), &desc, out); });
}

void bind_lm_head(const Device& device, Weights& weights) {
  grok1_lm_head_desc desc = GROK1_INIT(grok1_lm_head_desc);
  desc.model = &weights.desc;
  desc.embedding = weights.embedding.get();
  desc.vocab_end = weights.desc.vocab_size;
  weights.lm_head = Device::make(device.ops().lm_head_free, [&](grok1_lm_head** out) {
    call(device.ops().lm_head_bind, device.get(), &desc, out);
  });
}

WeightPtr& place_of(Weights& weights, const Tensor& tensor) {
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

WeightBytes plan_weights(const Device& device, const TensorSource& source) {
  WeightBytes bytes;
  for (const Tensor& tensor : source.tensors()) {
    const grok1_weight_plan plan = plan_tensor(device, describe_tensor(tensor));
    const bool in_place = plan.in_place != 0;
    const uint64_t held = in_place ? tensor.bytes + tensor.scale_bytes : plan.device_bytes;
    bytes.all += held;
    bytes.scratch = std::max(bytes.scratch, plan.scratch_bytes);
    if (!is_expert(tensor.role)) continue;
    bytes.experts += held;
    bytes.experts_in_place = bytes.experts_in_place && in_place;
  }
  return bytes;
}

Weights load_weights(const Device& device, const TensorSource& source,
                     const std::function<void(uint64_t done, uint64_t total)>& progress) {
  const grok1_backend_ops& ops = device.ops();
  Weights weights{describe(source.config()),
                  WeightPtr(nullptr, ops.weight_free),
                  WeightPtr(nullptr, ops.weight_free),
                  Owned<grok1_lm_head>(nullptr, ops.lm_head_free),
                  {}};
  weights.layers.reserve(weights.desc.layers);
  for (uint32_t i = 0; i < weights.desc.layers; ++i) weights.layers.push_back(empty_layer(ops));

  uint64_t total = 0, done = 0;
  for (const Tensor& tensor : source.tensors()) total += tensor.bytes + tensor.scale_bytes;
  const Owned<grok1_queue> queue = device.queue();
  progress(0, total);
  for (const Tensor& tensor : source.tensors()) {
    place_of(weights, tensor) = load_tensor(device, tensor, queue.get());
    progress(done += tensor.bytes + tensor.scale_bytes, total);
  }
  for (uint32_t i = 0; i < weights.desc.layers; ++i) bind_layer(device, weights, i, weights.layers[i]);
  bind_lm_head(device, weights);
  return weights;
}

}  // namespace grok1
