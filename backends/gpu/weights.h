// A tensor or a slice of one in the device's memory: linear weights as tiles (kernels/shapes.h), norms' scales as they
// are stored. How the bytes come in is in weights.cpp.
#ifndef GROK1_BACKENDS_GPU_WEIGHTS_H
#define GROK1_BACKENDS_GPU_WEIGHTS_H

#include "backends/contract/weights.h"
#include "backends/gpu/device.h"
#include "backends/gpu/memory.h"

namespace grok1::accel {

// Most places that `k` inputs may take with their padding; weights whose scale groups need more are refused, since a
// step makes its digits before it sees a weight.
constexpr uint64_t most_places(uint64_t k) {
  return (k + k / 4 + 512 + kTileK - 1) / kTileK * kTileK;
}
constexpr uint64_t most_blocks(uint64_t k) {
  return most_places(k) / kTileK;
}

struct Weight {
  Device* device;
  grok1_weight_desc desc;
  Element element;
  Matrix matrix;  // linear weights
  DeviceMemory memory;
  Received values, scales;
  bool cleared, finished;

  const char* vector() const { return memory.data(); }
};

// A finished weight of the device that is a norm's scale of `size` numbers.
Scale norm_scale(const Device* device, const grok1_weight* weight, uint64_t size, const char* name);

}  // namespace grok1::accel

#endif
