// The KV cache of a session: the pages of kernels/shapes.h for each of its layers, one behind the other.
#ifndef GROK1_BACKENDS_GPU_KV_H
#define GROK1_BACKENDS_GPU_KV_H

#include "backends/contract/kv.h"
#include "backends/gpu/device.h"
#include "backends/gpu/memory.h"

namespace grok1::accel {

struct Kv : KvShape {
  Device* device;
  Element element;
  DeviceMemory memory;

  Pages first() const;                // pages of layers[0]
  Pages pages(uint32_t layer) const;  // refuses a layer that is not there
  uint64_t layer_bytes() const;
};

}  // namespace grok1::accel

#endif
