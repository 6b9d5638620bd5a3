// Memory of the one device, which is the host's: Memory owns bytes, Buffer is what the host of the plugin asked for.
#ifndef GROK1_BACKENDS_REFERENCE_BUFFER_H
#define GROK1_BACKENDS_REFERENCE_BUFFER_H

#include <cstddef>
#include <cstdint>
#include <memory>

#include "backends/reference/refusal.h"

namespace grok1::reference {

// `size` bytes, aligned to 64, content undefined; GROK1_E_OUT_OF_MEMORY if there are not so many.
class Memory {
 public:
  Memory() = default;
  explicit Memory(uint64_t size);
  std::byte* data() const { return bytes_.get(); }
  uint64_t size() const { return size_; }

 private:
  struct Free {
    void operator()(std::byte* bytes) const;
  };
  std::unique_ptr<std::byte[], Free> bytes_;
  uint64_t size_ = 0;
};

struct Buffer {
  const grok1_device* device;
  Memory memory;
};

// `count` floats (or int32) of a buffer at an offset in bytes, checked to lie inside it.
float* floats(const grok1_device* device, const grok1_buffer* buffer, uint64_t offset, uint64_t count,
              const char* name);
int32_t* ints(const grok1_device* device, const grok1_buffer* buffer, uint64_t offset, uint64_t count,
              const char* name);

}  // namespace grok1::reference

#endif
