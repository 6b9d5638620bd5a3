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

std::optional<grok1_weight_desc> slice_of(const Tensor& tensor, const Config& config, const Division& division,
                                          uint32_t member) {
  grok1_weight_desc desc = describe_tensor(tensor);
  if (tensor.role == TensorRole::kEmbedding || tensor.role == TensorRole::kFinalNorm) {
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
  const uint64_t weights = experts * (desc.k_end - desc.k_begin) * n * encoding_bytes(desc.encoding);
  if (desc.groups == 0) return weights;
  const uint64_t group = desc.k / desc.groups;
  const uint64_t groups = (desc.k_end - 1) / group - desc.k_begin / group + 1;
  return weights + experts * groups * n * encoding_bytes(desc.scale_encoding);
}

}  // namespace grok1
