// What a kernel that runs asks of the emulator: who it is, barriers, exchanges between lanes, shared memory, and the
// real address of device memory. Only the words of vendor/dialect.h call these. What a device would not do - a barrier
// that not all threads reach, memory outside of an allocation - ends the kernel and loses the device, as it would
// there.
#ifndef GROK1_TESTS_GPU_EMU_RUNNING_H
#define GROK1_TESTS_GPU_EMU_RUNNING_H

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "vendor/runtime.h"

namespace gpu::emulator {

// The thread that runs now. One kernel runs at a time in a process, so this is no thread_local.
struct Running {
  int thread;
  Grid block;
};
extern Running running;

// Where in a kernel's source a thread waits.
struct Site {
  const char* file;
  int line;
};

void barrier(Site site);
uint64_t exchange(uint64_t value, int mask, Site site);  // the value of lane ^ mask
void fence();

// The block's array of a declaration, the same for all its threads.
void* shared_array(const char* site, const char* name, size_t size, size_t alignment);

// The memory behind a device address, checked and counted.
const void* readable(const void* address, size_t size);
void* writable(void* address, size_t size);

struct Launch {
  std::string name;
  Grid grid;
  int threads;                 // of a block
  int wave;                    // the size the kernel was compiled for
  std::function<void()> body;  // the kernel with its arguments, for one thread
};
void enqueue(Launch launch, gpu::Stream stream);

}  // namespace gpu::emulator

#endif
