// Shared memory of the block that runs: a heap allocation of exactly its size for every array, new for every block, so
// that nothing of another block shines through and AddressSanitizer finds what is beyond. Without AddressSanitizer
// guard bytes find writes there, when the block has ended. What was never written reads as NaN.
#ifndef GROK1_TESTS_GPU_EMU_SHARED_H
#define GROK1_TESTS_GPU_EMU_SHARED_H

#include <cstddef>
#include <string>

namespace gpu::emulator {

class SharedArrays {
 public:
  static constexpr size_t kMost = size_t{48} << 10;  // bytes: what NVIDIA gives to static arrays

  // The array of a declaration, which `site` is the address of; NULL if there is no room for it.
  void* find_or_add(const char* site, const char* name, size_t size, size_t alignment);
  size_t size() const { return size_; }  // bytes of all

  // All arrays; says which of them was overrun, "" if none.
  std::string release();

 private:
  struct Array {
    const char* site;
    const char* name;
    char* memory;
    size_t size;
  };
  static constexpr int kMostArrays = 64;

  Array arrays_[kMostArrays];
  int n_arrays_ = 0;
  size_t size_ = 0;
};

}  // namespace gpu::emulator

#endif
