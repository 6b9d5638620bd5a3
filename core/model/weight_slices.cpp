#include "core/model/weight_slices.h"

#include "core/base/encoding.h"

namespace grok1 {
namespace {

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

// What has a row for each token.
bool is_vocabulary(TensorRole role) {
  return role == TensorRole::kEmbedding || role == TensorRole::kHead;
}

void cut_n(grok1_weight_desc& desc, Range range, uint64_t width) {
  desc.n_begin = range.begin * width;
  desc.n_end = range.end * width;
}

void cut_k(grok1_weight_desc& desc, Range range, uint64_t width) {
  desc.k_begin = range.begin * width;
  desc.k_end = range.end * width;
}

void cut_experts(grok1_weight_desc& desc, const Share& share, bool ffn_is_input) {
  desc.expert_begin = share.experts.begin;
  desc.expert_end = share.experts.end;
  ffn_is_input ? cut_k(desc, share.ffn, 1) : cut_n(desc, share.ffn, 1);
}

}  // namespace

bool is_expert(TensorRole role) {
  return role == TensorRole::kGate || role == TensorRole::kUp || role == TensorRole::kDown;
}

grok1_weight_desc describe_tensor(const Tensor& tensor) {
  grok1_weight_desc desc = GROK1_INIT(grok1_weight_desc);
  const StoredArray& values = tensor.values;
  desc.encoding = values.encoding;
  desc.experts = 1;
  if (is_norm(tensor.role)) {
    desc.kind = GROK1_WEIGHT_VECTOR;
    desc.order = GROK1_ORDER_KN;
    desc.k = values.outer();
    desc.n = 1;
  } else {
    desc.kind = GROK1_WEIGHT_LINEAR;
    const bool output_first = tensor.transposed || is_vocabulary(tensor.role);
    desc.order = output_first ? GROK1_ORDER_NK : GROK1_ORDER_KN;
    desc.experts = static_cast<uint32_t>(values.experts());
    desc.k = output_first ? values.inner() : values.outer();
    desc.n = output_first ? values.outer() : values.inner();
    desc.scale_encoding = tensor.scales.encoding;
    desc.groups = tensor.scale_groups();
  }
  desc.expert_end = desc.experts;
  desc.k_end = desc.k;
  desc.n_end = desc.n;
  desc.data = values.contiguous();
  desc.scales = desc.data == nullptr ? nullptr : tensor.scales.contiguous();
  if (desc.groups != 0 && desc.scales == nullptr) desc.data = nullptr;
  return desc;
}

std::optional<grok1_weight_desc> slice_of(const Tensor& tensor, const Config& config, const Division& division,
                                          uint32_t member) {
  grok1_weight_desc desc = describe_tensor(tensor);
  if (is_vocabulary(tensor.role) || tensor.role == TensorRole::kFinalNorm) {
    return member == division.head() ? std::optional(desc) : std::nullopt;
  }
  const Share& share = division.share(tensor.layer, member);
  const uint64_t of_kv_head = config.head_dim, of_query_heads = uint64_t{config.heads / config.kv_heads} * of_kv_head;
  bool held = false;
  switch (tensor.role) {
    case TensorRole::kQuery:
      held = share.attends();
      cut_n(desc, share.kv_heads, of_query_heads);
      break;
    case TensorRole::kKey:
    case TensorRole::kValue:
      held = share.attends();
      cut_n(desc, share.kv_heads, of_kv_head);
      break;
    case TensorRole::kAttentionOut:
      held = share.attends();
      cut_k(desc, share.kv_heads, of_query_heads);
      break;
    case TensorRole::kGate:
    case TensorRole::kUp:
    case TensorRole::kDown:
      held = share.has_experts();
      cut_experts(desc, share, tensor.role == TensorRole::kDown);
      break;
    default: held = division.home(tensor.layer).has(member);  // norms and the router
  }
  return held ? std::optional(desc) : std::nullopt;
}

uint64_t slice_bytes(const grok1_weight_desc& desc) {
  const uint64_t experts = desc.expert_end - desc.expert_begin, n = desc.n_end - desc.n_begin;
  const uint64_t weights = encoded_bytes(desc.encoding, experts * (desc.k_end - desc.k_begin) * n);
  if (desc.groups == 0) return weights;
  const uint64_t group = desc.k / desc.groups;
  const uint64_t groups = (desc.k_end - 1) / group - desc.k_begin / group + 1;
  return weights + experts * groups * n * encoding_bytes(desc.scale_encoding);
}

}  // namespace grok1
