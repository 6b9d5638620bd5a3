// Cutting slices into chunks and handing them over; what it is for is in weights.h.
#include "tests/conformance/weights.h"

#include "tests/conformance/blocks.h"

namespace grok1::conformance {
namespace {

// A stored matrix [experts, outer, inner] and the part of it that a slice takes.
struct Matrix {
  const std::byte* data;
  uint64_t outer, inner;  // of the whole
  uint64_t outer_begin, outer_end, inner_begin;
  uint32_t encoding, scales;

  grok1_weight_chunk chunk(uint32_t expert, uint64_t begin, uint64_t end) const {
    const uint64_t row_bytes = bytes_of_row(encoding, inner);
    grok1_weight_chunk chunk = GROK1_INIT(grok1_weight_chunk);
    chunk.data = data + (uint64_t(expert) * outer + begin) * row_bytes + bytes_of_row(encoding, inner_begin);
    chunk.outer_begin = begin;
    chunk.outer_end = end;
    chunk.row_bytes = row_bytes;
    chunk.expert = expert;
    chunk.scales = scales;
    return chunk;
  }
};

Matrix values_of(const Tensor& t, const Slice& s) {
  const uint32_t encoding = t.format.encoding;
  if (t.format.order == GROK1_ORDER_KN) return {t.data.data(), t.k, t.n, s.k_begin, s.k_end, s.n_begin, encoding, 0};
  return {t.data.data(), t.n, t.k, s.n_begin, s.n_end, s.k_begin, encoding, 0};
}

Matrix scales_of(const Tensor& t, const Slice& s) {
  const uint64_t group = t.k / t.groups;
  return {t.scales.data(),         t.groups, t.n, s.k_begin / group, (s.k_end - 1) / group + 1, s.n_begin,
          t.format.scale_encoding, 1};
}

void cut(const Matrix& matrix, const Slice& slice, Delivery delivery, std::vector<grok1_weight_chunk>& chunks) {
  for (uint32_t expert = slice.expert_begin; expert < slice.expert_end; ++expert) {
    if (delivery != Delivery::kShuffledRows) {
      chunks.push_back(matrix.chunk(expert, matrix.outer_begin, matrix.outer_end));
      continue;
    }
    for (uint64_t outer = matrix.outer_begin; outer < matrix.outer_end; ++outer)
      chunks.push_back(matrix.chunk(expert, outer, outer + 1));
  }
}

}  // namespace

Slice whole(const Tensor& tensor) {
  return {0, tensor.experts, 0, tensor.k, 0, tensor.n};
}

grok1_weight_desc describe(const Tensor& tensor, const Slice& slice, Delivery delivery) {
  grok1_weight_desc desc = GROK1_INIT(grok1_weight_desc);
  desc.kind = tensor.kind;
  desc.encoding = tensor.format.encoding;
  desc.scale_encoding = tensor.format.scale_encoding;
  desc.order = tensor.format.order;
  desc.experts = tensor.experts;
  desc.groups = tensor.groups;
  desc.k = tensor.k, desc.n = tensor.n;
  desc.expert_begin = slice.expert_begin, desc.expert_end = slice.expert_end;
  desc.k_begin = slice.k_begin, desc.k_end = slice.k_end;
  desc.n_begin = slice.n_begin, desc.n_end = slice.n_end;
  if (delivery == Delivery::kInPlace) {
    desc.data = tensor.data.data();
    desc.scales = tensor.format.has_scales() ? tensor.scales.data() : nullptr;
  }
  return desc;
}

std::vector<grok1_weight_chunk> chunks_of(const Tensor& tensor, const Slice& slice, Delivery delivery) {
  std::vector<grok1_weight_chunk> chunks;
  cut(values_of(tensor, slice), slice, delivery, chunks);
  if (tensor.format.has_scales()) cut(scales_of(tensor, slice), slice, delivery, chunks);
  if (delivery == Delivery::kShuffledRows) Random(chunks.size()).shuffle(chunks);
  return chunks;
}

Handle<grok1_weight> upload(Device& device, const Tensor& tensor, const Slice& slice, Delivery delivery) {
  const grok1_backend_ops& ops = device.ops();
  const grok1_weight_desc desc = describe(tensor, slice, delivery);
  grok1_weight_plan plan = GROK1_INIT(grok1_weight_plan);
  call("weight_plan", ops.weight_plan, device.handle(), &desc, &plan);
  grok1_weight* made = nullptr;
  call("weight_begin", ops.weight_begin, device.handle(), &desc, &made);
  const Handle<grok1_weight> weight = device.own(made, ops.weight_free);
  if (plan.in_place == 0)
    for (const grok1_weight_chunk& chunk : chunks_of(tensor, slice, delivery))
      call("weight_chunk", ops.weight_chunk, made, device.queue(), &chunk);
  call("weight_end", ops.weight_end, made, device.queue());
  device.sync();
  return weight;
}

}  // namespace grok1::conformance
