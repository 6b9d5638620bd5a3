// What the environment asks of the emulator. Read once, at first use, and again by restart() (device.h).
//
//   GROK1_EMU_DEVICES   wave sizes, one device each: "32,64" unless set; "none": there is no device
//   GROK1_EMU_MEMORY    bytes of each device, and of all pinned memory: 1 GiB unless set
//   GROK1_EMU_SCHEDULE  forward, reverse, ahead or shuffle:SEED: the order in which blocks and runnable threads run;
//                       ahead: a wave goes on, through all its exchanges, before another one does
//   GROK1_EMU_LOSE      DEVICE:N: the N-th kernel that runs on DEVICE fails, and the device is lost
//   GROK1_EMU_COUNTS    a file for the table of counts.h; sectors are counted only if it is set
#ifndef GROK1_TESTS_GPU_EMU_OPTIONS_H
#define GROK1_TESTS_GPU_EMU_OPTIONS_H

#include <cstdint>
#include <string>
#include <vector>

namespace gpu::emulator {

enum class Order { kForward, kReverse, kAhead, kShuffle };

struct Options {
  std::vector<int> waves;  // of each device
  uint64_t memory = uint64_t{1} << 30;
  Order order = Order::kForward;
  uint64_t seed = 0;
  int lose_device = -1;  // -1: none
  uint64_t lose_at = 0;  // counted from 1
  std::string counts;    // empty: no file
};

Options read_options();  // throws gpu::Error

}  // namespace gpu::emulator

#endif
