// The machine's physical cores and the memory nodes that they belong to, as far as an affinity mask lets this process
// use them. Read from a tree of files like /sys/devices/system; who sits where is decided in seats.cpp.
#ifndef GROK1_BACKENDS_CPU_TOPOLOGY_H
#define GROK1_BACKENDS_CPU_TOPOLOGY_H

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace grok1::cpu {

using Cpus = std::vector<uint32_t>;  // the system's numbers of logical CPUs, ascending

struct Node {
  uint32_t number;          // the system's
  std::vector<Cpus> cores;  // physical cores, each with its logical CPUs
};

// Nodes that have cores; there is at least one.
struct Topology {
  std::vector<Node> nodes;
  uint32_t cores() const;  // physical
  uint32_t cpus() const;   // logical
};

// The online CPUs of `mask`, which is not empty. `root` is /sys/devices/system, of which node/ and cpu/ are read. Where
// it does not tell the node of every CPU there is one node; a CPU of which it tells no siblings is a core.
Topology read_topology(const std::string& root, const Cpus& mask);

// The system's notation "0-3,8", with or without a newline; "" is none. Nothing if it is something else.
std::optional<Cpus> parse_cpu_list(std::string_view text);

}  // namespace grok1::cpu

#endif
