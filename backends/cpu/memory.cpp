// Memory: from calloc, whose large blocks are fresh zero pages that nobody has touched yet.
#include "backends/cpu/memory.h"

#include <sys/mman.h>

namespace grok1::cpu {
namespace {

constexpr uint64_t kAlignment = 64;
constexpr uint64_t kHugePage = uint64_t{2} << 20;

// Only advice: without huge pages everything works, a little slower.
void prefer_huge_pages(char* data, uint64_t size) {
  const uintptr_t begin = (reinterpret_cast<uintptr_t>(data) + kHugePage - 1) / kHugePage * kHugePage;
  const uintptr_t end = (reinterpret_cast<uintptr_t>(data) + size) / kHugePage * kHugePage;
  if (end > begin) madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE);
}

}  // namespace

Memory::Memory(uint64_t size) : size_(size) {
  block_.reset(std::calloc(1, size_sum({size, kAlignment})));
  if (!block_)
    refuse(GROK1_E_OUT_OF_MEMORY, "%llu bytes could not be allocated; free memory or ask for less",
           static_cast<unsigned long long>(size));
  const uintptr_t address = reinterpret_cast<uintptr_t>(block_.get());
  data_ = static_cast<char*>(block_.get()) + (kAlignment - address % kAlignment) % kAlignment;
  if (size >= 2 * kHugePage) prefer_huge_pages(data_, size);
}

}  // namespace grok1::cpu
