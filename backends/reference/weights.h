// A tensor or a slice of one: the stored bytes, in place or copied, and the number w[expert][k][n] that they mean.
// Indices are always those of the whole tensor. How the bytes come in is in weights.cpp.
#ifndef GROK1_BACKENDS_REFERENCE_WEIGHTS_H
#define GROK1_BACKENDS_REFERENCE_WEIGHTS_H

#include "backends/contract/weights.h"
#include "backends/reference/buffer.h"
#include "backends/reference/numbers.h"
#include "encodings/encoding.h"

namespace grok1::reference {

struct Part : Received {            // awaits nothing when in place
  const std::byte* data = nullptr;  // first element of the box
  Memory own;                       // empty when in place

  const std::byte* at(uint64_t expert, uint64_t outer, uint64_t inner) const {
    return data + box.row(expert, outer) * box.row_bytes() + box.bytes_before(inner - box.inner_begin);
  }
};

constexpr uint32_t kMostInABlock = 256;

struct Weight {
  const grok1_device* device;
  grok1_weight_desc desc;
  Part values;
  Part scales;
  bool in_place;
  bool finished;

  bool in_blocks() const { return values.box.block.elements > 1; }

  double at(uint64_t expert, uint64_t k, uint64_t n) const {
    if (in_blocks()) {
      float block[kMostInABlock];
      decode_block(expert, k, n, block);
      return block[k % values.box.block.elements];
    }
    const bool kn = desc.order == GROK1_ORDER_KN;
    const double stored = decode(desc.encoding, kn ? values.at(expert, k, n) : values.at(expert, n, k));
    if (desc.encoding != GROK1_ENCODING_I8) return stored;
    return stored * decode(desc.scale_encoding, scales.at(expert, k / (desc.k / desc.groups), n));
  }

  // The numbers of the block that holds input k of output n.
  void decode_block(uint64_t expert, uint64_t k, uint64_t n, float* block) const {
    encodings::decode(encodings::Id{desc.encoding}, values.at(expert, n, k), 1, block);
  }
};

// Calls use(k, w[expert][k][n]) for the k of the slice in their order, and decodes each block once.
template <class Use>
void for_each_input(const Weight& w, uint64_t expert, uint64_t n, Use use) {
  const uint32_t size = w.values.box.block.elements;
  float block[kMostInABlock];
  for (uint64_t k = w.desc.k_begin; k < w.desc.k_end; ++k) {
    if (w.in_blocks() && k % size == 0) w.decode_block(expert, k, n, block);
    use(k, w.in_blocks() ? block[k % size] : w.at(expert, k, n));
  }
}

// out[n] = sum over k of in[k] * w[expert][k][n], for the k and n of the weight's slice, both counted from its begin.
template <class In>
void linear(const Weight& w, uint64_t expert, const In* in, double* out) {
  for (uint64_t n = w.desc.n_begin; n < w.desc.n_end; ++n) out[n - w.desc.n_begin] = 0;
  if (w.in_blocks()) {
    for (uint64_t n = w.desc.n_begin; n < w.desc.n_end; ++n)
      for_each_input(w, expert, n,
                     [&](uint64_t k, double value) { out[n - w.desc.n_begin] += in[k - w.desc.k_begin] * value; });
    return;
  }
  for (uint64_t k = w.desc.k_begin; k < w.desc.k_end; ++k)
    for (uint64_t n = w.desc.n_begin; n < w.desc.n_end; ++n)
      out[n - w.desc.n_begin] += in[k - w.desc.k_begin] * w.at(expert, k, n);
}

}  // namespace grok1::reference

#endif
