// Memory of the device: zeroed, aligned to 64 bytes; large blocks on huge pages where the system offers them, and near
// the threads that will read them. Who carves scratch out of it: scratch.cpp.
#ifndef GROK1_BACKENDS_CPU_MEMORY_H
#define GROK1_BACKENDS_CPU_MEMORY_H

#include <cstdint>
#include <memory>

#include "backends/cpu/refusal.h"

namespace grok1::cpu {

class Memory {
 public:
  Memory() = default;
  explicit Memory(uint64_t size);  // refuses with GROK1_E_OUT_OF_MEMORY
  char* data() const { return data_; }
  uint64_t size() const { return size_; }

  // Asks that the pages of [offset, offset + size), which nobody has touched, come from the node with the system's
  // number `node` while it has any. Ends are rounded to huge pages. A system that refuses is no error: pages come from
  // where the thread runs that touches them first.
  void prefer_node(uint64_t offset, uint64_t size, uint32_t node);

 private:
  struct Free {
    uint64_t mapped;  // bytes; 0: from the heap
    void operator()(void* p) const;
  };
  std::unique_ptr<void, Free> block_;
  char* data_ = nullptr;
  uint64_t size_ = 0;
};

}  // namespace grok1::cpu

#endif
