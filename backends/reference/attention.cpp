// attention: y = capped causal attention of the share's heads over the pages, before the post-norm. First every row of
// the pass stores its K and V, then every row attends; all reads are of what the cache holds.
#include <cmath>

#include "backends/reference/binding.h"
#include "backends/reference/kv.h"
#include "backends/reference/queue.h"
#include "backends/reference/refusal.h"
#include "backends/reference/step.h"
#include "backends/reference/table.h"

namespace grok1::reference {
namespace {

// One head, rotated to its position: dimension i with i + head_dim / 2.
void rope(double* head, const grok1_model_desc& m, uint32_t position) {
  const uint32_t half = m.head_dim / 2;
  for (uint32_t i = 0; i < half; ++i) {
    const double angle = position * std::pow(double(m.rope_base), -2.0 * i / m.head_dim);
    const double a = head[i], b = head[i + half];
    head[i] = a * std::cos(angle) - b * std::sin(angle);
    head[i + half] = b * std::cos(angle) + a * std::sin(angle);
  }
}

void store_k_and_v(Step& step, const Layer& layer, const Kv& kv, const float* x, uint32_t row) {
  const grok1_model_desc& m = layer.model;
  const uint32_t position = step.pass.positions[row], kv_heads = layer.kv_head_end - layer.kv_head_begin;
  Scratch& s = step.scratch;
  linear(*layer.k, 0, x, s.k.data());
  linear(*layer.v, 0, x, s.v.data());
  for (uint32_t g = 0; g < kv_heads; ++g) rope(&s.k[g * m.head_dim], m, position);

  const uint32_t page = step.page(row, position), token = position % step.limits.page_tokens,
                 slot = kv.slot(layer.index);
  std::byte* key = kv.token(slot, page, Kv::kKey, token);
  std::byte* value = kv.token(slot, page, Kv::kValue, token);
  for (uint32_t g = 0; g < kv_heads; ++g) {
    store_cached(kv.type, key + g * kv.canonical_row(), &s.k[g * m.head_dim], m.head_dim);
    store_cached(kv.type, value + g * kv.canonical_row(), &s.v[g * m.head_dim], m.head_dim);
  }
}

// out = sum over j <= p of softmax(l)[j] * v[j] for one query head q and kv head g, counted from the share's first.
void attend(Step& step, const Layer& layer, const Kv& kv, uint32_t row, uint32_t g, const double* q, double* out) {
  const grok1_model_desc& m = layer.model;
  const uint32_t position = step.pass.positions[row], slot = kv.slot(layer.index);
  const auto cached = [&](Kv::Half half, uint32_t j) {
    return kv.token(slot, step.page(row, j), half, j % step.limits.page_tokens) + g * kv.canonical_row();
  };
  double* l = step.scratch.l.data();
  double largest = -INFINITY;
  for (uint32_t j = 0; j <= position; ++j) {
    const std::byte* k = cached(Kv::kKey, j);
    double dot = 0;
    for (uint32_t i = 0; i < m.head_dim; ++i) dot += q[i] * load_cached(kv.type, k, i);
    l[j] = dot * m.attention_multiplier;
    if (m.attention_soft_cap != 0) l[j] = m.attention_soft_cap * std::tanh(l[j] / m.attention_soft_cap);
    largest = std::max(largest, l[j]);
  }
  double sum = 0;
  std::fill_n(out, m.head_dim, 0.0);
  for (uint32_t j = 0; j <= position; ++j) {
    const double p = std::exp(l[j] - largest);
    const std::byte* v = cached(Kv::kValue, j);
    for (uint32_t i = 0; i < m.head_dim; ++i) out[i] += p * load_cached(kv.type, v, i);
    sum += p;
  }
  for (uint32_t i = 0; i < m.head_dim; ++i) out[i] /= sum;
}

// Every page that a row of the pass reads or writes must exist.
void check_pages(const Step& step, const Kv& kv) {
  for (uint32_t r = 0; r < step.pass.n_rows(); ++r)
    for (uint32_t p = 0; p <= step.pass.positions[r]; p += step.limits.page_tokens)
      if (step.page(r, p) >= kv.n_pages)
        refuse(GROK1_E_INVALID_ARGUMENT, "row %u reads page %u at position %u; the cache has %u", r, step.page(r, p), p,
               kv.n_pages);
}

void check(const Step& step, const Layer& layer, const Kv& kv) {
  if (layer.q == nullptr) refuse(GROK1_E_INVALID_ARGUMENT, "layer %u has no attention on this device", layer.index);
  check_attention(step.model, step.limits, layer, kv);
  kv.slot(layer.index);
  check_pages(step, kv);
}

}  // namespace

grok1_status attention(grok1_device* device, const grok1_attention_args* arguments, grok1_error* err) {
  return guarded(err, [&] {
    given(device, "device");
    const grok1_attention_args& args = input(arguments, GROK1_TYPE_ATTENTION_ARGS, "args");
    object_of<Queue>(device, args.queue, "queue");
    Step& step = current(device, args.step);
    const Layer& layer = object_of<const Layer>(device, args.layer, "layer");
    const Kv& kv = object_of<Kv>(device, args.kv, "kv");
    const Act& x = rows_of<Act>(step, args.x, "x");
    check(step, layer, kv);
    const grok1_model_desc& m = layer.model;
    const uint32_t n_rows = step.pass.n_rows(), group = m.heads / m.kv_heads;
    const uint32_t heads = group * (layer.kv_head_end - layer.kv_head_begin);
    float* y = floats(device, args.y, args.y_offset, uint64_t(n_rows) * m.d_model, "y");
    Scratch& s = step.scratch;

    if (step.onlooker.is_there()) step.onlooker.show({GROK1_INPUTS_QKV, layer.index}, x.rows.data(), n_rows, m.d_model);
    for (uint32_t r = 0; r < n_rows; ++r) store_k_and_v(step, layer, kv, &x.rows[uint64_t(r) * m.d_model], r);
    for (uint32_t r = 0; r < n_rows; ++r) {
      linear(*layer.q, 0, &x.rows[uint64_t(r) * m.d_model], s.q.data());
      for (uint32_t h = 0; h < heads; ++h) {
        double* q = &s.q[h * m.head_dim];
        rope(q, m, step.pass.positions[r]);
        attend(step, layer, kv, r, h / group, q, &s.attended[h * m.head_dim]);
      }
      show_row(step, {GROK1_INPUTS_O, layer.index}, s.attended, uint64_t(heads) * m.head_dim);
      linear(*layer.o, 0, s.attended.data(), s.row.data());
      for (uint32_t i = 0; i < m.d_model; ++i) y[uint64_t(r) * m.d_model + i] = float(s.row[i]);
    }
  });
}

}  // namespace grok1::reference
