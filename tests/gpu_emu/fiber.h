// Fibers: stacks that one OS thread switches between, and what AddressSanitizer and ThreadSanitizer must be told of it.
// A fiber is started again from its entry's top as often as wanted. Knows nothing of kernels (block.h).
//
// fiber.cpp, block.cpp and shared.cpp are themselves compiled without sanitizers: GROK1_EMU_ASAN and GROK1_EMU_TSAN say
// what the rest of the program has.
#ifndef GROK1_TESTS_GPU_EMU_FIBER_H
#define GROK1_TESTS_GPU_EMU_FIBER_H

#include <cstddef>

namespace gpu::emulator {

class Fiber {
 public:
  Fiber();   // with a stack of its own
  ~Fiber();  // never of the fiber that runs
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  // The fiber of what runs on the thread's own stack: it needs none.
  struct OfThread {};
  explicit Fiber(OfThread);

  // The next switch to it begins at `entry`, which never returns.
  void start(void (*entry)());
  // What it was doing will not go on.
  void abandon();

 private:
  friend void switch_fiber(Fiber& from, Fiber& to, bool ends);

  void* context_ = nullptr;
  void (*entry_)() = nullptr;
  char* memory_ = nullptr;        // mapped, a guard page first; NULL: the thread's own stack
  const void* bottom_ = nullptr;  // of the stack
  size_t size_ = 0;
  void* fake_stack_ = nullptr;  // of AddressSanitizer
  void* identity_ = nullptr;    // of ThreadSanitizer
};

// Returns when somebody switches back; never if it `ends`.
void switch_fiber(Fiber& from, Fiber& to, bool ends);

// For ThreadSanitizer: what was released on a tag happens before what acquires it later. Nothing without it.
void happens_before(void* tag);
void happens_after(void* tag);

}  // namespace gpu::emulator

#endif
