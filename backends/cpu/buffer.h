// Buffers: host memory of a device, and the checked range of one that an operator works on.
#ifndef GROK1_BACKENDS_CPU_BUFFER_H
#define GROK1_BACKENDS_CPU_BUFFER_H

#include "backends/cpu/device.h"
#include "backends/cpu/memory.h"

namespace grok1::cpu {

struct Buffer {
  Device* device;
  Memory memory;
};

// [offset, offset + size) of a buffer of the device, which must hold it.
char* bytes_in(const Device* device, const grok1_buffer* buffer, uint64_t offset, uint64_t size, const char* name);

// `count` numbers of four bytes at an offset that is a multiple of 4.
float* floats_in(const Device* device, const grok1_buffer* buffer, uint64_t offset, uint64_t count, const char* name);
int32_t* ints_in(const Device* device, const grok1_buffer* buffer, uint64_t offset, uint64_t count, const char* name);

}  // namespace grok1::cpu

#endif
