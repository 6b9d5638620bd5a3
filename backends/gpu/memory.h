// Memory of a device and pinned memory of the host, freed with their owner. Nothing is zeroed.
#ifndef GROK1_BACKENDS_GPU_MEMORY_H
#define GROK1_BACKENDS_GPU_MEMORY_H

#include <cstdint>
#include <initializer_list>
#include <utility>

#include "backends/gpu/refusal.h"

namespace grok1::accel {

enum class Place { device, pinned };

// Of the device that is selected when it is made.
template <Place P>
class MemoryOf {
 public:
  MemoryOf() = default;
  explicit MemoryOf(uint64_t size)
      : data_(static_cast<char*>(P == Place::device ? gpu::allocate(size) : gpu::allocate_pinned(size))), size_(size) {}
  MemoryOf(MemoryOf&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  MemoryOf& operator=(MemoryOf&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~MemoryOf() { P == Place::device ? gpu::release(data_) : gpu::release_pinned(data_); }

  char* data() const { return data_; }
  uint64_t size() const { return size_; }

 private:
  char* data_ = nullptr;
  uint64_t size_ = 0;
};
using DeviceMemory = MemoryOf<Place::device>;
using PinnedMemory = MemoryOf<Place::pinned>;

// Carves arrays out of one piece of memory; with none, only counts. Each begins at a multiple of 256.
class Carver {
 public:
  explicit Carver(char* memory) : memory_(memory) {}
  template <class T>
  T* take(std::initializer_list<uint64_t> counts) {
    const uint64_t begin = used_;
    used_ = size_sum({used_, size_product({size_product(counts), sizeof(T)}), 255}) / 256 * 256;
    return memory_ == nullptr ? nullptr : reinterpret_cast<T*>(memory_ + begin);
  }
  uint64_t used() const { return used_; }

 private:
  char* memory_;
  uint64_t used_ = 0;
};

}  // namespace grok1::accel

#endif
