// A backend and an opened device: its number, and the kernels that were compiled for its waves. Everything made from a
// device names it in its member `device`.
#ifndef GROK1_BACKENDS_GPU_DEVICE_H
#define GROK1_BACKENDS_GPU_DEVICE_H

#include "backends/gpu/kernels/kernels.h"
#include "backends/gpu/refusal.h"

namespace grok1::accel {

struct Backend {};

struct Device {
  int number;
  const Kernels& kernels;
};

// Runs body with the object's device selected, and turns what it throws into a status.
template <class Body>
grok1_status on_device(const Device* device, grok1_error* err, const Body& body) noexcept {
  return guarded(err, [&] {
    const gpu::Selected selected(given(device, "device").number);
    body();
  });
}

}  // namespace grok1::accel

#endif
