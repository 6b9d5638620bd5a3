// Buffers: allocation, mapping, copy, fill, and the checked view that operators take of their rows.
#include "backends/reference/buffer.h"

#include "backends/reference/queue.h"
#include "backends/reference/refusal.h"
#include "backends/reference/table.h"

namespace grok1::reference {
namespace {

constexpr std::align_val_t kAlignment{64};

std::byte* range(const grok1_device* device, const grok1_buffer* buffer, uint64_t offset, uint64_t size,
                 const char* name) {
  const Memory& memory = object_of<const Buffer>(device, buffer, name).memory;
  check_inside(name, offset, size, memory.size());
  return memory.data() + offset;
}

std::byte* words(const grok1_device* device, const grok1_buffer* buffer, uint64_t offset, uint64_t count,
                 const char* name) {
  check_aligned(name, offset);
  return range(device, buffer, offset, size_product({count, 4}), name);
}

}  // namespace

Memory::Memory(uint64_t size) : size_(size) {
  if (size == 0) return;
  // Rounding a size near 2^64 up to the alignment would wrap, so no size above PTRDIFF_MAX reaches the allocator.
  if (size <= PTRDIFF_MAX) bytes_.reset(static_cast<std::byte*>(::operator new[](size, kAlignment, std::nothrow)));
  if (!bytes_)
    refuse(GROK1_E_OUT_OF_MEMORY, "%zu bytes are wanted, the host has not so many; ask for less or free some", size);
}

void Memory::Free::operator()(std::byte* bytes) const {
  ::operator delete[](bytes, kAlignment);
}

float* floats(const grok1_device* device, const grok1_buffer* buffer, uint64_t offset, uint64_t count,
              const char* name) {
  return reinterpret_cast<float*>(words(device, buffer, offset, count, name));
}

int32_t* ints(const grok1_device* device, const grok1_buffer* buffer, uint64_t offset, uint64_t count,
              const char* name) {
  return reinterpret_cast<int32_t*>(words(device, buffer, offset, count, name));
}

grok1_status buffer_alloc(grok1_device* device, uint64_t size, uint32_t memory, grok1_buffer** buffer,
                          grok1_error* err) {
  return guarded(err, [&] {
    given(device, "device");
    given(buffer, "buffer");
    check_allocation(size, memory);
    hand_out(buffer, new Buffer{device, Memory(size)});
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
    const grok1_device* device = object<Queue>(queue, "queue").device;
    std::byte* to = range(device, dst, dst_offset, size, "dst");
    const std::byte* from = range(device, src, src_offset, size, "src");
    if (dst == src && to < from + size && from < to + size) refuse(GROK1_E_INVALID_ARGUMENT, "src and dst overlap");
    if (size != 0) std::memcpy(to, from, size);
  });
}

grok1_status fill(grok1_queue* queue, grok1_buffer* dst, uint64_t dst_offset, uint64_t size, uint8_t value,
                  grok1_error* err) {
  return guarded(err, [&] {
    std::byte* to = range(object<Queue>(queue, "queue").device, dst, dst_offset, size, "dst");
    if (size != 0) std::memset(to, value, size);
  });
}

}  // namespace grok1::reference
