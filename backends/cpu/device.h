// A backend and its one device: the kernels of an instruction set, a pool of threads, and the memory nodes that these
// sit on. Everything made from a device names it in its member `device`.
#ifndef GROK1_BACKENDS_CPU_DEVICE_H
#define GROK1_BACKENDS_CPU_DEVICE_H

#include <atomic>
#include <string>

#include "backends/cpu/isa.h"
#include "backends/cpu/onednn.h"
#include "backends/cpu/refusal.h"
#include "backends/cpu/threads.h"

namespace grok1::cpu {

struct Backend {
  std::string forced_isa;  // of the environment; "" if none
  const grok1_backend_host* host;
};

struct Device {
  const Kernels& kernels;
  Threads threads;
  bool one_digit;                         // of a byte for each activation of an int8 matrix, instead of two
  std::vector<uint32_t> nodes;            // the system's numbers [threads.nodes()]
  std::unique_ptr<Onednn> onednn;         // NULL: our own tiles alone
  std::atomic<uint32_t> next_node = {0};  // where the next weight begins (weights.h)

  float most_digit() const { return one_digit ? 127.0f : 32512.0f; }
};

}  // namespace grok1::cpu

#endif
