// Everything that makes x: embedding, residual and norm, rows from elsewhere; then x's digits and its routing, all by
// one block a row. And the two of these that are also wanted alone.
#include "backends/gpu/kernels/numbers.h"
#include "backends/gpu/kernels/table.h"

namespace grok1::accel::GROK1_GPU_VARIANT {
namespace {

// 1 / sqrt(mean of squares + eps) of d floats.
GPU_DEVICE float inverse_rms(const float* values, uint32_t d, float eps, float* shared) {
  float sum = 0;
  for (uint32_t i = thread(); i < d; i += kThreads) {
    const float value = gpu::load(values + i);
    sum = fmaf(value, value, sum);
  }
  return 1.0f / sqrtf(block_sum(sum, shared) / static_cast<float>(d) + eps);
}

GPU_DEVICE void embed_row(const NormArgs& a, uint32_t row, float* h) {
  const uint32_t token = static_cast<uint32_t>(gpu::load(a.tokens + row)) - a.vocab_begin;
  for (uint32_t i = thread(); i < a.d; i += kThreads) {
    float value = 0;  // of another vocabulary range
    if (token < a.embedding.n)
      value = value_at(a.embedding.element, a.embedding.tiles, a.embedding.element_at(token, i)) * a.multiplier;
    gpu::store(h + i, value);
  }
}

GPU_DEVICE void quantise_row(const float* values, const Split& split, uint32_t row, int8_t* digits, float* scales) {
  for (uint32_t b = wave(); b < split.blocks(); b += kWaves)
    quantise_block(values, split, b, digits + uint64_t{row} * split.padded() * 2,
                   scales + uint64_t{row} * split.blocks());
}

// sums[e] = x . router[:, e], one wave an expert.
GPU_DEVICE void router_sums(const RouteOut& r, const float* x, float* sums) {
  for (uint32_t e = wave(); e < r.matrix.n; e += kWaves) {
    float all = 0;
    for (uint32_t g = 0; g < r.matrix.split.groups; ++g) {
      const uint32_t begin = r.matrix.split.group_begin(g);
      const uint32_t end = least(g == 0 ? r.matrix.split.first : begin + r.matrix.split.size, r.matrix.split.k);
      float sum = 0;
      for (uint32_t k = begin + lane(); k < end; k += kWave) {
        const uint64_t at = r.matrix.element_at(e, r.matrix.split.place(k));
        sum = fmaf(gpu::load(x + k), value_at(r.matrix.element, r.matrix.tiles, at), sum);
      }
      sum = wave_sum(sum);
      all += r.matrix.element == Element::i8 ? sum * gpu::load(r.matrix.scales + r.matrix.scale_at(0, g, e)) : sum;
    }
    if (lane() == 0) sums[e] = all;
  }
}

// The experts of the largest sums s, which are those of the largest probabilities even where these vanish; equal ones
// by lower index, what is not a number last. Gates are the softmax over all. By one thread: there are few experts.
// `chosen`: shared, a bit an expert.
GPU_DEVICE void choose(const RouteOut& r, uint32_t row, const float* s, uint32_t* chosen) {
  const uint32_t n = r.matrix.n;
  float largest = s[0], sum = 0;
  for (uint32_t e = 1; e < n; ++e) largest = fmaxf(largest, s[e]);
  for (uint32_t e = 0; e < n; ++e) sum += expf(s[e] - largest);
  for (uint32_t i = 0; i < kMostExperts / 32; ++i) chosen[i] = 0;
  for (uint32_t i = 0; i < r.used; ++i) {
    uint32_t best = kNone;
    for (uint32_t e = 0; e < n; ++e) {
      if ((chosen[e / 32] >> e % 32 & 1u) != 0) continue;
      if (best == kNone || s[e] > s[best] || (s[best] != s[best] && s[e] == s[e])) best = e;
    }
    gpu::store(r.experts + uint64_t{row} * r.used + i, static_cast<int32_t>(best));
    gpu::store(r.gates + uint64_t{row} * r.used + i, expf(s[best] - largest) / sum);
    chosen[best / 32] |= 1u << best % 32;
  }
}

GPU_DEVICE void route_row(const RouteOut& r, const float* x, uint32_t row, float* sums, uint32_t* chosen) {
  router_sums(r, x, sums);
  gpu::sync();
  if (thread() == 0) choose(r, row, sums, chosen);
}

GPU_KERNEL(kThreads, kResident) norm_row(NormArgs a) {
  GPU_SHARED(float, shared, kWaves);
  GPU_SHARED(float, sums, kMostExperts);
  GPU_SHARED(uint32_t, chosen, kMostExperts / 32);
  const uint32_t row = gpu::block_x();
  float* h = a.h + uint64_t{row} * a.d;
  if (a.tokens != nullptr) embed_row(a, row, h);
  if (a.y != nullptr) {
    const float* y = a.y + uint64_t{row} * a.d;
    const float r = inverse_rms(y, a.d, a.eps, shared);
    for (uint32_t i = thread(); i < a.d; i += kThreads)
      gpu::store(h + i, fmaf(value_at(a.post.element, a.post.data, i), gpu::load(y + i) * r, gpu::load(h + i)));
  }
  if (a.x.values == nullptr) return;
  float* x = a.x.values + uint64_t{row} * a.x.stride;
  if (a.rows != nullptr) {
    for (uint32_t i = thread(); i < a.d; i += kThreads) gpu::store(x + i, gpu::load(a.rows + uint64_t{row} * a.d + i));
  } else {
    const float r = inverse_rms(h, a.d, a.eps, shared);
    for (uint32_t i = thread(); i < a.d; i += kThreads)
      gpu::store(x + i, value_at(a.next.element, a.next.data, i) * (gpu::load(h + i) * r));
  }
  gpu::sync();
  quantise_row(x, a.x.split, row, a.x.digits, a.x.scales);
  if (a.route.experts != nullptr) route_row(a.route, x, row, sums, chosen);
}

GPU_KERNEL(kThreads, kResident) route_rows(RouteArgs a) {
  GPU_SHARED(float, sums, kMostExperts);
  GPU_SHARED(uint32_t, chosen, kMostExperts / 32);
  route_row(a.route, a.x + uint64_t{gpu::block_x()} * a.stride, gpu::block_x(), sums, chosen);
}

GPU_KERNEL(kThreads, kResident) quantise_rows(QuantiseArgs a) {
  const uint32_t row = gpu::block_x();
  quantise_row(a.values + uint64_t{row} * a.stride, a.split, row, a.digits, a.scales);
}

}  // namespace

void norm(const NormArgs& a, gpu::Stream stream) {
  gpu::launch("norm_row", norm_row, {a.n_rows}, kThreads, stream, a);
}

void route(const RouteArgs& a, gpu::Stream stream) {
  gpu::launch("route_rows", route_rows, {a.n_rows}, kThreads, stream, a);
}

void quantise(const QuantiseArgs& a, gpu::Stream stream) {
  gpu::launch("quantise_rows", quantise_rows, {a.n_rows}, kThreads, stream, a);
}

}  // namespace grok1::accel::GROK1_GPU_VARIANT
