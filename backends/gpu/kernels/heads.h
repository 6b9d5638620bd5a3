// What happens to a head of q, k or v after its projection: RoPE, and the way to its page of the KV cache.
#ifndef GROK1_BACKENDS_GPU_KERNELS_HEADS_H
#define GROK1_BACKENDS_GPU_KERNELS_HEADS_H

#include "backends/gpu/kernels/numbers.h"

namespace grok1::accel::GROK1_GPU_VARIANT {

// Heads of q, then of k, then of v, numbered through.
GPU_DEVICE float* head_of(const HeadsArgs& a, uint32_t row, uint32_t head) {
  if (head < a.q_heads) return a.q + (uint64_t{row} * a.q_heads + head) * a.dim;
  head -= a.q_heads;
  if (head < a.kv_heads) return a.k + (uint64_t{row} * a.kv_heads + head) * a.dim;
  return a.v + (uint64_t{row} * a.kv_heads + head - a.kv_heads) * a.dim;
}

// By a whole block. Products and sums of the rotation are rounded one by one.
GPU_DEVICE void finish_head(const HeadsArgs& a, uint32_t row, uint32_t head) {
  float* values = head_of(a, row, head);
  const bool is_q = head < a.q_heads, is_v = head >= a.q_heads + a.kv_heads;
  const uint32_t half = a.dim / 2, kv_head = is_q ? 0 : (head - a.q_heads) % a.kv_heads;
  const uint32_t position = gpu::load(a.pass.positions + row), token = position % a.pages.tokens;
  char* to = nullptr;
  if (!is_q) {
    const uint32_t* table = a.pass.page_table + uint64_t{gpu::load(a.pass.chunk + row)} * a.pass.max_pages;
    const uint32_t page = gpu::load(table + position / a.pages.tokens);
    to = a.pages.base + (is_v ? a.pages.value(page, kv_head) : a.pages.key(page, kv_head));
  }
  for (uint32_t i = thread(); i < half; i += kThreads) {
    const float first = gpu::load(values + i), second = gpu::load(values + i + half);
    if (is_v) {
      store_at(a.pages.element, to + a.pages.value_at(token, i), first);
      store_at(a.pages.element, to + a.pages.value_at(token, i + half), second);
      continue;
    }
    const float* pair = a.pass.rope + (uint64_t{row} * half + i) * 2;
    const float cosine = gpu::load(pair), sine = gpu::load(pair + 1);
    const float turned = first * cosine - second * sine, turned_half = second * cosine + first * sine;
    if (is_q) {
      gpu::store(values + i, turned);
      gpu::store(values + i + half, turned_half);
    } else {
      store_at(a.pages.element, to + a.pages.key_at(token, i), turned);
      store_at(a.pages.element, to + a.pages.key_at(token, i + half), turned_half);
    }
  }
}

}  // namespace grok1::accel::GROK1_GPU_VARIANT

#endif
