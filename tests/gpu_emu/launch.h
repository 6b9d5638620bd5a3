// Runs a kernel's grid, block after block in the schedule's order, and accounts for it.
#ifndef GROK1_TESTS_GPU_EMU_LAUNCH_H
#define GROK1_TESTS_GPU_EMU_LAUNCH_H

#include "running.h"

namespace gpu::emulator {

// Throws what a launch would be refused for: its shape, and kernels of another wave size.
void check(const Launch& launch, int device);

// Under the lock. An error loses the device.
void run(const Launch& launch, int device);

}  // namespace gpu::emulator

#endif
