// Memory of the device: zeroed, aligned to 64 bytes, on huge pages where the system offers them. Who carves scratch out
// of it: scratch.cpp.
#ifndef GROK1_BACKENDS_CPU_MEMORY_H
#define GROK1_BACKENDS_CPU_MEMORY_H

#include <cstdint>
#include <cstdlib>
#include <memory>

#include "backends/cpu/refusal.h"

namespace grok1::cpu {

class Memory {
 public:
  Memory() = default;
  explicit Memory(uint64_t size);  // refuses with GROK1_E_OUT_OF_MEMORY
  char* data() const { return data_; }
  uint64_t size() const { return size_; }

 private:
  struct Free {
    void operator()(void* p) const { std::free(p); }
  };
  std::unique_ptr<void, Free> block_;
  char* data_ = nullptr;
  uint64_t size_ = 0;
};

}  // namespace grok1::cpu

#endif
