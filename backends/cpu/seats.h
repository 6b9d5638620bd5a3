// Where the threads of a pool sit: on which node each works, and to which CPUs it is pinned. docs/threads.md tells it
// to operators; topology.h knows the machine, threads.h runs.
#ifndef GROK1_BACKENDS_CPU_SEATS_H
#define GROK1_BACKENDS_CPU_SEATS_H

#include "backends/cpu/topology.h"

namespace grok1::cpu {

struct Seat {
  uint32_t node;  // index into Seating::nodes
  Cpus cpus;      // none: not pinned
};

struct Seating {
  std::vector<uint32_t> nodes;  // the system's numbers of the nodes on which threads sit
  std::vector<Seat> threads;
  std::vector<uint32_t> node_of_cpu;  // index into nodes; 0 for CPUs that it does not know
};

// At most topology.cpus() threads, spread evenly over the nodes, second threads of a core last. If every physical core
// gets one, each is pinned to its core (with all CPUs of that). Fewer threads are pinned to all CPUs of their node, if
// there are several: on the first cores they would meet every other process that counts like this one, while the system
// knows which are free.
Seating seats_on(const Topology& topology, uint32_t threads);

// Threads that nothing pins, dealt out to `nodes` nodes numbered from 0.
Seating unpinned(uint32_t threads, uint32_t nodes = 1);

}  // namespace grok1::cpu

#endif
