// Buffers: memory of the device, or pinned memory of the host. Checked ranges of them.
#ifndef GROK1_BACKENDS_GPU_BUFFER_H
#define GROK1_BACKENDS_GPU_BUFFER_H

#include "backends/gpu/queue.h"

namespace grok1::accel {

struct Buffer {
  Device* device;
  DeviceMemory on_device;  // one of the two
  PinnedMemory pinned;

  bool is_host() const { return pinned.data() != nullptr; }
  uint64_t size() const { return is_host() ? pinned.size() : on_device.size(); }
  char* data() const { return is_host() ? pinned.data() : on_device.data(); }
};

// A range of a buffer of the device; refuses one that is not inside.
struct Range {
  char* data;
  uint64_t size;
  bool is_host;
};
Range range_in(const Device* device, const grok1_buffer* buffer, uint64_t offset, uint64_t size, const char* name);
// The same of `count` words of 4 bytes.
Range words_in(const Device* device, const grok1_buffer* buffer, uint64_t offset, uint64_t count, const char* name);
// Floats that a kernel works on, so in device memory.
float* floats_in(const Device* device, const grok1_buffer* buffer, uint64_t offset, uint64_t count, const char* name);

// Copies in the queue's order, whatever memory the two are in.
void copy_range(const Queue& queue, const Range& to, const Range& from);

}  // namespace grok1::accel

#endif
