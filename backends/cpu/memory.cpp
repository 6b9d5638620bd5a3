// Memory: small blocks from the heap, large ones mapped, so that what is asked for their pages never outlives them.
#include "backends/cpu/memory.h"

#include <linux/mempolicy.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <vector>

namespace grok1::cpu {
namespace {

constexpr uint64_t kAlignment = 64;
constexpr uint64_t kHugePage = uint64_t{2} << 20;
constexpr uint64_t kLarge = 2 * kHugePage;

char* aligned(void* block, uint64_t alignment) {
  const uintptr_t address = reinterpret_cast<uintptr_t>(block);
  return static_cast<char*>(block) + (alignment - address % alignment) % alignment;
}

}  // namespace

void Memory::Free::operator()(void* p) const {
  if (mapped == 0) {
    std::free(p);
  } else {
    munmap(p, mapped);
  }
}

Memory::Memory(uint64_t size) : size_(size) {
  if (size < kLarge) {
    block_.reset(std::calloc(1, size + kAlignment));
  } else {
    const uint64_t mapped = size_sum({size, kHugePage});
    void* block = mmap(nullptr, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (block != MAP_FAILED) block_ = {block, Free{mapped}};
  }
  if (!block_)
    refuse(GROK1_E_OUT_OF_MEMORY, "%llu bytes could not be allocated; free memory or ask for less",
           static_cast<unsigned long long>(size));
  data_ = aligned(block_.get(), size < kLarge ? kAlignment : kHugePage);
  if (size >= kLarge) madvise(data_, size, MADV_HUGEPAGE);  // without huge pages everything works, a little slower
}

void Memory::prefer_node(uint64_t offset, uint64_t size, uint32_t node) {
  constexpr uint64_t kBits = 8 * sizeof(unsigned long);
  if (block_.get_deleter().mapped == 0) return;
  const auto rounded = [&](uint64_t at) { return std::min((at + kHugePage / 2) / kHugePage * kHugePage, size_); };
  const uint64_t begin = rounded(offset), end = offset + size == size_ ? size_ : rounded(offset + size);
  if (begin >= end) return;
  std::vector<unsigned long> nodes(node / kBits + 1);
  nodes.back() = 1ul << node % kBits;
  syscall(SYS_mbind, data_ + begin, end - begin, MPOL_PREFERRED, nodes.data(), nodes.size() * kBits + 1, 0u);
}

}  // namespace grok1::cpu
