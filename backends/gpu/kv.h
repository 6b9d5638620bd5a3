// The KV cache of a session: the pages of kernels/shapes.h for each of its layers, one behind the other.
#ifndef GROK1_BACKENDS_GPU_KV_H
#define GROK1_BACKENDS_GPU_KV_H

#include <optional>
#include <vector>

#include "backends/gpu/device.h"
#include "backends/gpu/memory.h"

namespace grok1::accel {

std::optional<Element> element_of_cache(uint32_t type);

struct Kv {
  Device* device;
  grok1_model_desc model;
  std::vector<uint32_t> layers;
  uint32_t kv_head_begin, kv_head_end, page_tokens, n_pages;
  Element element;
  DeviceMemory memory;

  uint32_t heads() const { return kv_head_end - kv_head_begin; }
  Pages first() const;                // pages of layers[0]
  Pages pages(uint32_t layer) const;  // refuses a layer that is not there
  uint64_t layer_bytes() const;
};

}  // namespace grok1::accel

#endif
