// A backend and its one device: the kernels of an instruction set and a pool of threads. Everything made from a device
// names it in its member `device`.
#ifndef GROK1_BACKENDS_CPU_DEVICE_H
#define GROK1_BACKENDS_CPU_DEVICE_H

#include <string>

#include "backends/cpu/isa.h"
#include "backends/cpu/refusal.h"
#include "backends/cpu/threads.h"

namespace grok1::cpu {

struct Backend {
  std::string forced_isa;  // of the environment; "" if none
};

struct Device {
  const Kernels& kernels;
  Threads threads;
  bool one_digit;  // of a byte for each activation of an int8 matrix, instead of two

  float most_digit() const { return one_digit ? 127.0f : 32512.0f; }
};

}  // namespace grok1::cpu

#endif
