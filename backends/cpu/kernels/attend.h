// Attention of some query heads of one row over the cached positions of one split, and the join of splits. A dot
// product q . k has sixteen partial sums over head_dim; the sum of p has sixteen over positions; each output is one
// chain over the split's positions in their order. So the bits do not depend on page size, rows, or threads.
#ifndef GROK1_BACKENDS_CPU_KERNELS_ATTEND_H
#define GROK1_BACKENDS_CPU_KERNELS_ATTEND_H

#include "backends/cpu/kernels/functions.h"

namespace grok1::cpu::GROK1_ISA {

template <Element E>
GROK1_INLINE const char* cached(const Attend& a, const char* first, uint32_t position) {
  const uint64_t page = a.pages[position >> a.page_shift], token = position & ((1u << a.page_shift) - 1);
  return first + page * a.page_bytes + token * a.head_width * kBytesOf<E>;
}

// scores[h][j] = q[h] . k[j] of H heads
template <Element E, uint32_t H>
GROK1_INLINE void dot_keys(const Attend& a, uint32_t head, float* scores) {
  const float* q = a.q + head * a.head_width;
  for (uint32_t j = a.begin; j < a.end; ++j) {
    const char* k = cached<E>(a, a.k, j);
    Float16 sum[H];
    for (uint32_t h = 0; h < H; ++h) sum[h] = set(0.0f);
    for (uint32_t i = 0; i < a.head_width; i += 16) {
      const Float16 key = load_as<E>(k + i * kBytesOf<E>);
      for (uint32_t h = 0; h < H; ++h) sum[h] = fma(load(q + h * a.head_width + i), key, sum[h]);
    }
    for (uint32_t h = 0; h < H; ++h) scores[(head + h) * kSplit + j - a.begin] = sum_of_lanes(sum[h]);
  }
}

// Dot products become capped logits l, then p = exp(l - largest l).
GROK1_INLINE void softmax(const Attend& a, uint32_t head, float* scores) {
  const uint32_t count = a.end - a.begin, padded = (count + 15) / 16 * 16;
  for (uint32_t j = count; j < padded; ++j) scores[j] = 0.0f;
  for (uint32_t j = 0; j < padded; j += 16) {
    Float16 l = mul(load(scores + j), set(a.multiplier));
    if (a.soft_cap != 0.0f) l = mul(set(a.soft_cap), tanh(div(l, set(a.soft_cap))));
    store(scores + j, l);
  }
  for (uint32_t j = count; j < padded; ++j) scores[j] = -__builtin_inff();
  Float16 most = set(-__builtin_inff());
  for (uint32_t j = 0; j < padded; j += 16) most = max(most, load(scores + j));
  const float largest = most_of_lanes(most);
  Float16 sum = set(0.0f);
  for (uint32_t j = 0; j < padded; j += 16) {
    const Float16 p = exp(sub(load(scores + j), set(largest)));
    store(scores + j, p);
    sum = add(sum, p);
  }
  a.largest[head] = largest;
  a.sum[head] = sum_of_lanes(sum);
}

// out[h] = sum over j of p[h][j] * v[j] of H heads
template <Element E, uint32_t H>
GROK1_INLINE void add_values(const Attend& a, uint32_t head, const float* scores) {
  for (uint32_t i = 0; i < a.head_width; i += 16) {
    Float16 sum[H];
    for (uint32_t h = 0; h < H; ++h) sum[h] = set(0.0f);
    for (uint32_t j = a.begin; j < a.end; ++j) {
      const Float16 value = load_as<E>(cached<E>(a, a.v, j) + i * kBytesOf<E>);
      for (uint32_t h = 0; h < H; ++h) sum[h] = fma(set(scores[(head + h) * kSplit + j - a.begin]), value, sum[h]);
    }
    for (uint32_t h = 0; h < H; ++h) store(a.out + (head + h) * a.head_width + i, sum[h]);
  }
}

template <Element E, uint32_t H>
static void attend_heads(const Attend& a, uint32_t head, float* scores) {
  dot_keys<E, H>(a, head, scores);
  for (uint32_t h = head; h < head + H; ++h) softmax(a, h, scores + h * kSplit);
  add_values<E, H>(a, head, scores);
}

template <Element E>
static void attend_as(const Attend& a, float* scores) {
  uint32_t head = 0;
  for (; head + 4 <= a.heads; head += 4) attend_heads<E, 4>(a, head, scores);
  for (; head + 2 <= a.heads; head += 2) attend_heads<E, 2>(a, head, scores);
  if (head < a.heads) attend_heads<E, 1>(a, head, scores);
}

static void attend(const Attend& a, float* scores) {
  GROK1_WITH_ELEMENT(a.element, attend_as, a, scores);
}

static void join(const float* largest, const float* sum, const float* parts, uint32_t n_splits, uint32_t heads,
                 uint32_t head_width, uint32_t head_dim, float* out) {
  Float16 most = set(largest[0]);
  for (uint32_t s = 1; s < n_splits; ++s) most = max(most, set(largest[s * heads]));
  Float16 whole = set(0.0f);
  for (uint32_t s = 0; s < n_splits; ++s)
    whole = fma(exp(sub(set(largest[s * heads]), most)), set(sum[s * heads]), whole);
  in_sixteens(head_dim, [&](uint64_t i, uint32_t lanes) {
    Float16 total = set(0.0f);
    for (uint32_t s = 0; s < n_splits; ++s)
      total = fma(exp(sub(set(largest[s * heads]), most)), load(parts + uint64_t{s} * heads * head_width + i), total);
    store_lanes(out + i, div(total, whole), lanes);
  });
}

}  // namespace grok1::cpu::GROK1_ISA

#endif
