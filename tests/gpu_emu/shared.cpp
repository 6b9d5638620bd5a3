#include "shared.h"

#include <cstdlib>
#include <cstring>
#include <new>

#include "memory.h"

#ifdef GROK1_EMU_TSAN
extern "C" {
void AnnotateIgnoreReadsBegin(const char* file, int line);
void AnnotateIgnoreReadsEnd(const char* file, int line);
void AnnotateIgnoreWritesBegin(const char* file, int line);
void AnnotateIgnoreWritesEnd(const char* file, int line);
}
#endif

namespace gpu::emulator {
namespace {

#ifdef GROK1_EMU_ASAN
constexpr size_t kGuard = 0;  // the heap's own
#else
constexpr size_t kGuard = 64;  // bytes on both sides of an array that nobody writes
#endif
constexpr unsigned char kGuardByte = 0xfd;

// ThreadSanitizer looks away: the heap's own writes to a block's memory are no thread's.
class Unseen {
 public:
#ifdef GROK1_EMU_TSAN
  Unseen() {
    AnnotateIgnoreReadsBegin(__FILE__, __LINE__);
    AnnotateIgnoreWritesBegin(__FILE__, __LINE__);
  }
  ~Unseen() {
    AnnotateIgnoreWritesEnd(__FILE__, __LINE__);
    AnnotateIgnoreReadsEnd(__FILE__, __LINE__);
  }
#else
  Unseen() {}                  // not trivial, so that a variable of it is no unused one
#endif
  Unseen(const Unseen&) = delete;
  Unseen& operator=(const Unseen&) = delete;
};

// Fresh memory that, for ThreadSanitizer, nobody has written: whoever came first is no writer.
char* reserve(size_t size, size_t alignment) {
  const Unseen unseen;
  void* memory = nullptr;
  if (posix_memalign(&memory, alignment < 64 ? 64 : alignment, size + 2 * kGuard) != 0) throw std::bad_alloc();
  std::memset(memory, kGuardByte, size + 2 * kGuard);
  std::memset(static_cast<char*>(memory) + kGuard, kUnwritten, size);
  return static_cast<char*>(memory) + kGuard;
}

bool is_overrun(const char* array, size_t size) {
  const unsigned char* before = reinterpret_cast<const unsigned char*>(array) - kGuard;
  for (size_t i = 0; i < kGuard; ++i)
    if (before[i] != kGuardByte || before[kGuard + size + i] != kGuardByte) return true;
  return false;
}

}  // namespace

void* SharedArrays::find_or_add(const char* site, const char* name, size_t size, size_t alignment) {
  for (int i = 0; i < n_arrays_; ++i)
    if (arrays_[i].site == site) return arrays_[i].memory;
  if (size > kMost - size_ || n_arrays_ == kMostArrays) return nullptr;
  char* memory = reserve(size, alignment);
  arrays_[n_arrays_++] = {site, name, memory, size};
  size_ += size;
  return memory;
}

std::string SharedArrays::release() {
  const Unseen unseen;
  std::string overrun;
  for (int i = 0; i < n_arrays_; ++i) {
    const Array& a = arrays_[i];
    if (overrun.empty() && is_overrun(a.memory, a.size))
      overrun =
          "a thread wrote beyond the shared array " + std::string(a.name) + " of " + std::to_string(a.size) + " bytes";
    std::free(a.memory - kGuard);
  }
  n_arrays_ = 0;
  size_ = 0;
  return overrun;
}

}  // namespace gpu::emulator
