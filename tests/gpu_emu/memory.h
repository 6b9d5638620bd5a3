// Memory of emulated devices. A device address carries the number of its allocation in bits 48 to 62, above the real
// address: no code can dereference it by mistake, and every access finds its bounds without a search. Behind it is a
// heap allocation of exactly the size asked for. What was never written reads as NaN.
#ifndef GROK1_TESTS_GPU_EMU_MEMORY_H
#define GROK1_TESTS_GPU_EMU_MEMORY_H

#include <cstddef>
#include <cstdint>
#include <string>

#include "counts.h"

namespace gpu::emulator {

constexpr int kNumberShift = 48;
constexpr uintptr_t kRealBits = (uintptr_t{1} << kNumberShift) - 1;
constexpr size_t kAllocations = size_t{1} << 15;
constexpr unsigned char kUnwritten = 0xff;  // a NaN in every float format, -1 as an integer

struct Allocation {
  uintptr_t base = 0;
  size_t size = 0;  // 0: not in use
  int device = 0;
  uint64_t* read = nullptr;  // a bit per sector, while a kernel's sectors are counted
  uint64_t* written = nullptr;
};

// By number; 0 and what does not fit are never in use. Plain data: kernels read it without a sanitizer's eyes.
extern Allocation allocations[kAllocations];

inline Allocation& allocation_of(uintptr_t address) {
  const uintptr_t number = address >> kNumberShift;
  return allocations[number < kAllocations ? number : 0];
}

// The memory behind [address, address + size) if that is within one allocation of the device; otherwise NULL.
char* find(const void* address, size_t size, int device);

// Why `find` found nothing, for messages: "needs bytes 96 to 100 of an allocation of 96".
std::string describe(const void* address, size_t size, int device);

bool is_pinned(const void* memory, size_t size);

}  // namespace gpu::emulator

#endif
