// The threads of one block, run as fibers that take turns. A thread runs until it waits for others: threads that never
// wait run one after the other on one fiber. The block is the engine's whole world; the grid is launch.h's.
#ifndef GROK1_TESTS_GPU_EMU_BLOCK_H
#define GROK1_TESTS_GPU_EMU_BLOCK_H

#include <cstdint>
#include <functional>
#include <string>

#include "options.h"
#include "running.h"

namespace gpu::emulator {

// What a launch counts, and whether it counts sectors at all.
struct Traffic {
  bool sectors = false;
  uint64_t requested = 0;                          // bytes
  uint64_t sectors_read = 0, sectors_written = 0;  // each counted once: the bits of Allocation say which were
};
extern Traffic traffic;

struct BlockPlan {
  const Launch* launch;
  int device;
  Grid index;
  Order order;
  uint64_t seed;  // of this block
};

// Runs all threads. An error, "" if there was none, names the thread: "thread 5: ...".
std::string run_block(const BlockPlan& plan);

// After the last block: what the kernel did happens before what the host does next. Blocks have no order among
// themselves.
void end_grid();

}  // namespace gpu::emulator

#endif
