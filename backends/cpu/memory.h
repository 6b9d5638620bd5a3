// Memory of the device: zeroed, aligned to 64 bytes, on huge pages where the system offers them; and sums and products
// of sizes that do not wrap. Who carves scratch out of it: scratch.h.
#ifndef GROK1_BACKENDS_CPU_MEMORY_H
#define GROK1_BACKENDS_CPU_MEMORY_H

#include <cstdint>
#include <cstdlib>
#include <initializer_list>
#include <memory>

#include "backends/cpu/refusal.h"

namespace grok1::cpu {

inline uint64_t size_product(std::initializer_list<uint64_t> factors) {
  uint64_t product = 1;
  for (const uint64_t factor : factors)
    if (__builtin_mul_overflow(product, factor, &product))
      refuse(GROK1_E_OUT_OF_MEMORY, "a size of more than 2^64 bytes is asked for");
  return product;
}

inline uint64_t size_sum(std::initializer_list<uint64_t> terms) {
  uint64_t sum = 0;
  for (const uint64_t term : terms)
    if (__builtin_add_overflow(sum, term, &sum))
      refuse(GROK1_E_OUT_OF_MEMORY, "a size of more than 2^64 bytes is asked for");
  return sum;
}

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
