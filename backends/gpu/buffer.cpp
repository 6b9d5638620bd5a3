// Buffers: allocation, ranges, copies.
#include "backends/gpu/buffer.h"

#include <cstring>
#include <memory>

#include "backends/gpu/table.h"

namespace grok1::accel {

Range range_in(const Device* device, const grok1_buffer* handle, uint64_t offset, uint64_t size, const char* name) {
  const Buffer& buffer = object_of<const Buffer>(device, handle, name);
  check_inside(name, offset, size, buffer.size());
  return {buffer.data() + offset, size, buffer.is_host()};
}

Range words_in(const Device* device, const grok1_buffer* handle, uint64_t offset, uint64_t count, const char* name) {
  check_aligned(name, offset);
  return range_in(device, handle, offset, size_product({count, 4}), name);
}

float* floats_in(const Device* device, const grok1_buffer* handle, uint64_t offset, uint64_t count, const char* name) {
  const Range range = words_in(device, handle, offset, count, name);
  if (range.is_host)
    refuse(GROK1_E_INVALID_ARGUMENT, "%s is in host memory; wanted a buffer of GROK1_MEMORY_DEVICE", name);
  return reinterpret_cast<float*>(range.data);
}

void copy_range(const Queue& queue, const Range& to, const Range& from) {
  if (to.size == 0) return;
  if (to.is_host && from.is_host) {  // no engine copies inside the host's memory: wait for what comes before
    gpu::synchronize(queue.stream);
    std::memcpy(to.data, from.data, to.size);
  } else if (to.is_host) {
    gpu::copy_to_host(to.data, from.data, to.size, queue.stream);
  } else if (from.is_host) {
    gpu::copy_to_device(to.data, from.data, to.size, queue.stream);
  } else {
    gpu::copy_on_device(to.data, from.data, to.size, queue.stream);
  }
}

grok1_status buffer_alloc(grok1_device* handle, uint64_t size, uint32_t memory, grok1_buffer** buffer,
                          grok1_error* err) {
  Device* device = reinterpret_cast<Device*>(handle);
  return on_device(device, err, [&] {
    given(buffer, "buffer");
    check_allocation(size, memory);
    auto made = std::make_unique<Buffer>(Buffer{device, {}, {}});
    if (memory == GROK1_MEMORY_HOST)
      made->pinned = PinnedMemory(size);
    else
      made->on_device = DeviceMemory(size);
    hand_out(buffer, made.release());
  });
}

void buffer_free(grok1_buffer* handle) {
  Buffer* buffer = reinterpret_cast<Buffer*>(handle);
  if (buffer != nullptr) on_device(buffer->device, nullptr, [&] { delete buffer; });
}

grok1_status buffer_map(grok1_buffer* handle, void** address, grok1_error* err) {
  return guarded(err, [&] {
    const Buffer& buffer = object<Buffer>(handle, "buffer");
    given(address, "address");
    if (!buffer.is_host())
      refuse(GROK1_E_UNSUPPORTED, "the host cannot see device memory; copy to a buffer of GROK1_MEMORY_HOST");
    *address = buffer.data();
  });
}

grok1_status copy(grok1_queue* handle, grok1_buffer* dst, uint64_t dst_offset, const grok1_buffer* src,
                  uint64_t src_offset, uint64_t size, grok1_error* err) {
  return guarded(err, [&] {
    const Queue& queue = object<Queue>(handle, "queue");
    const gpu::Selected selected(queue.device->number);
    const Range to = range_in(queue.device, dst, dst_offset, size, "dst");
    const Range from = range_in(queue.device, src, src_offset, size, "src");
    if (to.data < from.data + size && from.data < to.data + size)
      refuse(GROK1_E_INVALID_ARGUMENT, "src and dst overlap; copy by way of another buffer");
    copy_range(queue, to, from);
  });
}

grok1_status fill(grok1_queue* handle, grok1_buffer* dst, uint64_t dst_offset, uint64_t size, uint8_t value,
                  grok1_error* err) {
  return guarded(err, [&] {
    const Queue& queue = object<Queue>(handle, "queue");
    const gpu::Selected selected(queue.device->number);
    const Range to = range_in(queue.device, dst, dst_offset, size, "dst");
    if (size == 0) return;
    if (to.is_host) {
      gpu::synchronize(queue.stream);
      std::memset(to.data, value, size);
    } else {
      gpu::fill(to.data, value, size, queue.stream);
    }
  });
}

}  // namespace grok1::accel
