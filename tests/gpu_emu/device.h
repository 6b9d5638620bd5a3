// The emulated machine: its devices, which of them are lost, and which one a thread has selected. One lock holds for
// all of it, kernels included: what runs on the emulator runs one after the other.
#ifndef GROK1_TESTS_GPU_EMU_DEVICE_H
#define GROK1_TESTS_GPU_EMU_DEVICE_H

#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "options.h"
#include "vendor/runtime.h"

namespace gpu::emulator {

struct Device {
  int wave = 0;
  uint64_t used = 0;      // bytes
  uint64_t launches = 0;  // that ran
  bool lost = false;
  std::string reason;  // why it is lost
};

struct Machine {
  Options options;
  std::vector<Device> devices;
};

// Holds the lock. Recursive: work that is run for a wait runs other streams' work.
using Lock = std::unique_lock<std::recursive_mutex>;
Lock lock();

Machine& machine();  // under the lock; reads the options at first use
int selected();      // the calling thread's device

void check_alive(int device);  // throws kLost
void lose(int device, std::string reason);

[[noreturn]] void fail(Error::Kind kind, std::string text);

// Reads the environment again: new devices, new options, counts at zero. For tests; nothing of before may be used.
void restart();

}  // namespace gpu::emulator

#endif
