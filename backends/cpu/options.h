// The options of a device, "key=value,key=value", as docs/threads.md and the README tell them to users.
#ifndef GROK1_BACKENDS_CPU_OPTIONS_H
#define GROK1_BACKENDS_CPU_OPTIONS_H

#include "backends/cpu/device.h"

namespace grok1::cpu {

struct Options {
  uint32_t threads = 0;        // 0: not given
  uint32_t nodes = 0;          // 0: those of the machine; otherwise threads are dealt out to so many, for tests
  bool oversubscribe = false;  // more threads than cores are allowed, for tests
  bool one_digit = false;      // of a byte for each activation of an int8 matrix, instead of two
  bool onednn = false;         // many rows of an int8 matrix are multiplied by oneDNN
  Isa isa;
};

// Unknown keys are ignored; bad values are refused.
Options parse_options(const Backend& backend, std::string_view text);

}  // namespace grok1::cpu

#endif
