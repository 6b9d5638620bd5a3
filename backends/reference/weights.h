// A tensor or a slice of one: the stored bytes, in place or copied, and the number w[expert][k][n] that they mean.
// Indices are always those of the whole tensor. How the bytes come in is in weights.cpp.
#ifndef GROK1_BACKENDS_REFERENCE_WEIGHTS_H
#define GROK1_BACKENDS_REFERENCE_WEIGHTS_H

#include "backends/contract/weights.h"
#include "backends/reference/buffer.h"
#include "backends/reference/numbers.h"

namespace grok1::reference {

struct Part : Received {            // awaits nothing when in place
  const std::byte* data = nullptr;  // first element of the box
  Memory own;                       // empty when in place

  const std::byte* at(uint64_t expert, uint64_t outer, uint64_t inner) const {
    return data + box.row(expert, outer) * box.row_bytes() + (inner - box.inner_begin) * box.element_bytes;
  }
};

struct Weight {
  const grok1_device* device;
  grok1_weight_desc desc;
  Part values;
  Part scales;
  bool in_place;
  bool finished;

  double at(uint64_t expert, uint64_t k, uint64_t n) const {
    const bool kn = desc.order == GROK1_ORDER_KN;
    const double stored = decode(desc.encoding, kn ? values.at(expert, k, n) : values.at(expert, n, k));
    if (desc.encoding != GROK1_ENCODING_I8) return stored;
    return stored * decode(desc.scale_encoding, scales.at(expert, k / (desc.k / desc.groups), n));
  }
};

// out[n] = sum over k of in[k] * w[expert][k][n], for the k and n of the weight's slice, both counted from its begin.
template <class In>
void linear(const Weight& w, uint64_t expert, const In* in, double* out) {
  for (uint64_t n = w.desc.n_begin; n < w.desc.n_end; ++n) out[n - w.desc.n_begin] = 0;
  for (uint64_t k = w.desc.k_begin; k < w.desc.k_end; ++k)
    for (uint64_t n = w.desc.n_begin; n < w.desc.n_end; ++n)
      out[n - w.desc.n_begin] += in[k - w.desc.k_begin] * w.at(expert, k, n);
}

}  // namespace grok1::reference

#endif
