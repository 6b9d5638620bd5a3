// What the system says of the machine: the processor's name, the cores that this process may use, its memory. Read from
// /proc and from the control groups that the process is in; knows nothing of the backend.
#ifndef GROK1_BACKENDS_CPU_MACHINE_H
#define GROK1_BACKENDS_CPU_MACHINE_H

#include <cstdint>
#include <string>
#include <vector>

namespace grok1::cpu {

std::string processor_name();  // "Intel Xeon"

// Logical CPUs that the calling thread may run on, ascending; at least one. cpusets of control groups are in it.
std::vector<uint32_t> affinity_mask();

// How many of them, or fewer if a control group limits the time; at least 1. Under `root` are proc/ and sys/.
uint32_t usable_cores(const std::string& root = "");

struct MachineMemory {
  uint64_t total, free;  // bytes; a control group's limit counts, file pages that can be dropped are free
};
MachineMemory machine_memory(const std::string& root = "");

}  // namespace grok1::cpu

#endif
