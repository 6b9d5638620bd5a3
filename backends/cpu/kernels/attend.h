// Attention of some query heads of one row over the cached positions of one split, and the join of splits. A dot
// product q . k has sixteen partial sums over head_dim; the sum of p has sixteen over positions; each output is one
// chain over the split's positions in their order. So the bits do not depend on page size, rows, or threads, nor on how
// many keys, columns and heads a processor's registers take at once.
#ifndef GROK1_BACKENDS_CPU_KERNELS_ATTEND_H
#define GROK1_BACKENDS_CPU_KERNELS_ATTEND_H

#include "backends/cpu/kernels/functions.h"

namespace grok1::cpu::GROK1_ISA {

constexpr uint32_t kFetchAhead = 32;  // positions whose rows are asked for in advance
constexpr uint32_t kValueRows = 32;   // positions whose values stay in the first cache while columns take turns

// Where a position's row begins. Those of sixteen positions from a multiple of sixteen on lie behind each other: pages
// and splits hold whole sixteens.
GROK1_INLINE const char* cached(const Attend& a, const char* first, uint32_t position) {
  const uint64_t page = a.pages[position >> a.page_shift], token = position & ((1u << a.page_shift) - 1);
  return first + page * a.page_bytes + token * a.row_bytes;
}

// Numbers i .. i + 15 of a row; those of int8 without the scale that they lie behind.
template <Element E>
GROK1_INLINE Float16 load_cached(const char* row, size_t i) {
  if constexpr (E == Element::i8) {
    return convert(load_digits(row + kRowScaleBytes + i));
  } else {
    return load_as<E>(row + i * kBytesOf<E>);
  }
}
GROK1_INLINE float scale_of(const char* row) {
  float scale;
  memcpy(&scale, row, sizeof scale);
  return scale;
}

GROK1_INLINE void fetch(const char* from, uint32_t bytes) {
  for (uint32_t at = 0; at < bytes; at += 64) _mm_prefetch(from + at, _MM_HINT_T0);
}

// What to ask for while the keys of j are read: those to come, and at the end the first values.
GROK1_INLINE const char* after_keys(const Attend& a, uint32_t j) {
  const uint32_t ahead = j + kFetchAhead;
  if (ahead < a.end) return cached(a, a.k, ahead);
  const uint32_t value = a.begin + (ahead - a.end) / 4 * 4;
  return cached(a, a.v, value < a.end ? value : a.begin);
}

// Dot products of H heads and four keys in rows behind each other, each folded to the last four of its partial sums.
template <Element E, uint32_t H>
GROK1_INLINE void dot_four(const Attend& a, const float* q, const char* rows, const char* ahead,
                           __m128 (&folded)[H][4]) {
  const size_t width = a.head_width, row_bytes = a.row_bytes;
  for (size_t n = 0; n < 4; n += kMicroKeys, rows += kMicroKeys * row_bytes, ahead += kMicroKeys * row_bytes) {
    Float16 sum[H][kMicroKeys];
    for (size_t h = 0; h < H; ++h)
      for (size_t m = 0; m < kMicroKeys; ++m) sum[h][m] = set(0.0f);
    for (size_t i = 0; i < width; i += 16) {
      fetch(ahead + i * kMicroKeys * kBytesOf<E>, 16 * kMicroKeys * kBytesOf<E>);
      Float16 key[kMicroKeys];
      for (size_t m = 0; m < kMicroKeys; ++m) key[m] = load_cached<E>(rows + m * row_bytes, i);
      for (size_t h = 0; h < H; ++h) {
        const Float16 query = load(q + h * width + i);
        for (size_t m = 0; m < kMicroKeys; ++m) sum[h][m] = fma(query, key[m], sum[h][m]);
      }
    }
    for (size_t h = 0; h < H; ++h)
      for (size_t m = 0; m < kMicroKeys; ++m) folded[h][n + m] = fold_add(sum[h][m].r);
  }
}

GROK1_INLINE __m128 scales_of_four(const char* rows, uint32_t row_bytes) {
  return _mm_setr_ps(scale_of(rows), scale_of(rows + row_bytes), scale_of(rows + 2 * row_bytes),
                     scale_of(rows + 3 * row_bytes));
}

// scores[h][j] = q[h] . k[j] of H heads, for whole fours of keys: what is computed behind the last is not used.
template <Element E, uint32_t H>
GROK1_INLINE void dot_keys(const Attend& a, uint32_t head, float* scores) {
  for (uint32_t j = a.begin; j < a.begin + kFetchAhead && j < a.end; j += 16)
    fetch(cached(a, a.k, j), 16 * a.row_bytes);
  for (uint32_t j = a.begin; j < a.end; j += 4) {
    const char* rows = cached(a, a.k, j);
    __m128 folded[H][4];
    dot_four<E, H>(a, a.q + head * a.head_width, rows, after_keys(a, j), folded);
    for (uint32_t h = 0; h < H; ++h) {
      __m128 dots = sums_of_four(folded[h]);
      if constexpr (E == Element::i8) dots = _mm_mul_ps(dots, scales_of_four(rows, a.row_bytes));
      _mm_storeu_ps(scores + (head + h) * kSplit + j - a.begin, dots);
    }
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

// p[h][j] *= scale of v[j]: what int8 values are multiplied with.
template <uint32_t H>
GROK1_INLINE void scale_weights(const Attend& a, uint32_t head, float* p, uint32_t begin, uint32_t end) {
  for (uint32_t j = begin; j < end; j += 16) {
    float scales[16] = {};
    const char* rows = cached(a, a.v, j);
    for (uint32_t n = 0; n < 16 && j + n < end; ++n) scales[n] = scale_of(rows + n * a.row_bytes);
    for (uint32_t h = 0; h < H; ++h) {
      float* weights = p + (head + h) * kSplit + j - a.begin;
      store(weights, mul(load(weights), load(scales)));
    }
  }
}

// C columns of sixteen of out[h] += p[h][j] * v[j], from column i on, for at most sixteen positions from j on.
template <Element E, uint32_t H, uint32_t C>
GROK1_INLINE void add_sixteen(const Attend& a, const float* p, size_t i, uint32_t j, Float16 (&sum)[H][C]) {
  const size_t row_bytes = a.row_bytes, at = i * kBytesOf<E>;
  const char* row = cached(a, a.v, j) + at;
  const char* ahead = cached(a, a.v, j + kFetchAhead < a.end ? j + kFetchAhead : j) + at;
  const float* weights = p + (j - a.begin);
  const size_t count = a.end - j < 16 ? a.end - j : 16;
  for (size_t n = 0; n < count; ++n, row += row_bytes, ahead += row_bytes) {
    fetch(ahead, 16 * C * kBytesOf<E>);
    Float16 value[C];
    for (size_t c = 0; c < C; ++c) value[c] = load_cached<E>(row, 16 * c);
    for (size_t h = 0; h < H; ++h) {
      const Float16 weight = set(weights[h * kSplit + n]);
      for (size_t c = 0; c < C; ++c) sum[h][c] = fma(weight, value[c], sum[h][c]);
    }
  }
}

// The same for positions begin .. end; sums go on from a.out, or from 0 at the split's first.
template <Element E, uint32_t H, uint32_t C>
GROK1_INLINE void add_columns(const Attend& a, uint32_t head, const float* p, uint32_t i, uint32_t begin,
                              uint32_t end) {
  Float16 sum[H][C];
  float* out = a.out + head * a.head_width + i;
  for (uint32_t h = 0; h < H; ++h)
    for (uint32_t c = 0; c < C; ++c) sum[h][c] = begin == a.begin ? set(0.0f) : load(out + h * a.head_width + 16 * c);
  for (uint32_t j = begin; j < end; j += 16) add_sixteen<E, H, C>(a, p + head * kSplit, i, j, sum);
  for (uint32_t h = 0; h < H; ++h)
    for (uint32_t c = 0; c < C; ++c) store(out + h * a.head_width + 16 * c, sum[h][c]);
}

// out[h] = sum over j of p[h][j] * v[j] of H heads.
template <Element E, uint32_t H>
GROK1_INLINE void add_values(const Attend& a, uint32_t head, float* p) {
  constexpr uint32_t kColumns = 16 * kMicroValues;
  for (uint32_t j = a.begin; j < a.end; j += kValueRows) {
    const uint32_t end = a.end - j < kValueRows ? a.end : j + kValueRows;
    if constexpr (E == Element::i8) scale_weights<H>(a, head, p, j, end);
    uint32_t i = 0;
    for (; i + kColumns <= a.head_width; i += kColumns) add_columns<E, H, kMicroValues>(a, head, p, i, j, end);
    for (; i < a.head_width; i += 16) add_columns<E, H, 1>(a, head, p, i, j, end);
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
  for (; head + 6 <= a.heads; head += 6) attend_heads<E, 6>(a, head, scores);
  for (; head + 4 <= a.heads; head += 4) attend_heads<E, 4>(a, head, scores);
  for (; head + 2 <= a.heads; head += 2) attend_heads<E, 2>(a, head, scores);
  if (head < a.heads) attend_heads<E, 1>(a, head, scores);
}

static void attend(const Attend& a, float* scores) {
  if (a.element == Element::i8) {
    attend_as<Element::i8>(a, scores);
  } else {
    GROK1_WITH_ELEMENT(a.element, attend_as, a, scores);
  }
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
