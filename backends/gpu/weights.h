// A tensor or a slice of one in the device's memory: linear weights as tiles (kernels/shapes.h), norms' scales as they
// are stored. How the bytes come in is in weights.cpp.
#ifndef GROK1_BACKENDS_GPU_WEIGHTS_H
#define GROK1_BACKENDS_GPU_WEIGHTS_H

#include <optional>
#include <vector>

#include "backends/gpu/device.h"
#include "backends/gpu/memory.h"

namespace grok1::accel {

std::optional<Element> element_of_encoding(uint32_t encoding);

// Most places that `k` inputs may take with their padding; weights whose scale groups need more are refused, since a
// step makes its digits before it sees a weight.
constexpr uint64_t most_places(uint64_t k) {
  return (k + k / 4 + 512 + kTileK - 1) / kTileK * kTileK;
}
constexpr uint64_t most_blocks(uint64_t k) {
  return most_places(k) / kTileK;
}

// Which rows [experts, outer] of the slice have come.
struct Received {
  uint64_t experts = 0, outer = 0, outer_begin = 0, inner = 0, inner_bytes = 0;
  std::vector<bool> rows;
};

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
