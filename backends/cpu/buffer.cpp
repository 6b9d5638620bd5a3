// Buffers: allocation, ranges, copies.
#include "backends/cpu/buffer.h"

#include "backends/cpu/queue.h"
#include "backends/cpu/table.h"

namespace grok1::cpu {
namespace {

char* words_in(const Device* device, const grok1_buffer* buffer, uint64_t offset, uint64_t count, const char* name) {
  check_aligned(name, offset);
  return bytes_in(device, buffer, offset, size_product({count, 4}), name);
}

}  // namespace

char* bytes_in(const Device* device, const grok1_buffer* buffer, uint64_t offset, uint64_t size, const char* name) {
  const Buffer& b = object_of<const Buffer>(device, buffer, name);
  check_inside(name, offset, size, b.memory.size());
  return b.memory.data() + offset;
}

float* floats_in(const Device* device, const grok1_buffer* buffer, uint64_t offset, uint64_t count, const char* name) {
  return reinterpret_cast<float*>(words_in(device, buffer, offset, count, name));
}

int32_t* ints_in(const Device* device, const grok1_buffer* buffer, uint64_t offset, uint64_t count, const char* name) {
  return reinterpret_cast<int32_t*>(words_in(device, buffer, offset, count, name));
}

grok1_status buffer_alloc(grok1_device* device, uint64_t size, uint32_t memory, grok1_buffer** buffer,
                          grok1_error* err) {
  return guarded(err, [&] {
    Device& self = object<Device>(device, "device");
    given(buffer, "buffer");
    check_allocation(size, memory);
    hand_out(buffer, new Buffer{&self, Memory(size)});
  });
}

void buffer_free(grok1_buffer* buffer) {
  delete reinterpret_cast<Buffer*>(buffer);
}

grok1_status buffer_map(grok1_buffer* buffer, void** address, grok1_error* err) {
  return guarded(err, [&] { given(address, "address") = object<Buffer>(buffer, "buffer").memory.data(); });
}

grok1_status copy(grok1_queue* queue, grok1_buffer* dst, uint64_t dst_offset, const grok1_buffer* src,
                  uint64_t src_offset, uint64_t size, grok1_error* err) {
  return guarded(err, [&] {
    const Device* device = object<Queue>(queue, "queue").device;
    char* to = bytes_in(device, dst, dst_offset, size, "dst");
    const char* from = bytes_in(device, src, src_offset, size, "src");
    if (to < from + size && from < to + size)
      refuse(GROK1_E_INVALID_ARGUMENT, "src and dst overlap; copy by way of another buffer");
    if (size != 0) std::memcpy(to, from, size);
  });
}

grok1_status fill(grok1_queue* queue, grok1_buffer* dst, uint64_t dst_offset, uint64_t size, uint8_t value,
                  grok1_error* err) {
  return guarded(err, [&] {
    char* to = bytes_in(object<Queue>(queue, "queue").device, dst, dst_offset, size, "dst");
    if (size != 0) std::memset(to, value, size);
  });
}

}  // namespace grok1::cpu
