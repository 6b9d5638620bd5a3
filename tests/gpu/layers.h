// Layers of Grok-1 with pseudo-random weights on a device, and what they have and do in bytes and operations. One layer
// is made on the host and uploaded as often as there are layers: grok1_backend.h has no weights made on the device.
#ifndef GROK1_TESTS_GPU_LAYERS_H
#define GROK1_TESTS_GPU_LAYERS_H

#include <cstdint>
#include <memory>
#include <vector>

#include "device.h"

namespace slice {

grok1_model_desc grok1_sizes();
grok1_model_desc toy_sizes();

// A counter-based generator (SplitMix64): the n-th number of a stream, whoever asks and in whatever order.
uint64_t random_bits(uint64_t stream, uint64_t n);
float random_float(uint64_t stream, uint64_t n);  // -1 .. 1, rms 0.58

// A weight in host memory, stored as a checkpoint stores it.
struct Tensor {
  uint32_t kind = GROK1_WEIGHT_LINEAR, experts = 1, groups = 0;  // no groups: float32
  uint64_t k = 0, n = 1;
  std::unique_ptr<char[]> values, scales;

  uint64_t value_bytes() const { return k * n * (groups > 0 ? 1 : sizeof(float)); }  // of one expert
  uint64_t scale_bytes() const { return uint64_t{groups} * n * sizeof(uint16_t); }   // the same
  uint64_t bytes() const { return experts * (value_bytes() + scale_bytes()); }
};

struct LayerTensors {
  Tensor q, k, v, o, router, gate, up, down;
  Tensor norms[4];  // before attention, after it, before the experts, after them

  uint64_t bytes() const;
};
LayerTensors random_layer(const grok1_model_desc& model);

struct Layer {
  std::vector<Handle<grok1_weight>> weights;
  const grok1_weight* norms[4];
  Handle<grok1_layer> layer;
};
Layer upload(const Device& device, const grok1_model_desc& model, const LayerTensors& tensors, uint32_t index);

// Of a layer, for one row with `context` positions before it: what must be read, KV (bf16) included, and a
// multiplication and an addition for each weight and for each cached number that a query head meets.
double bytes_of_row(const grok1_model_desc& model, const LayerTensors& tensors, uint32_t context);
double operations_of_row(const grok1_model_desc& model, uint32_t context);

}  // namespace slice

#endif
