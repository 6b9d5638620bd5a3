// Seats, given to one thread after the other.
#include "backends/cpu/seats.h"

#include <algorithm>
#include <tuple>

namespace grok1::cpu {
namespace {

// A node's cores in the order in which threads take them: all, then those again that have a second CPU, and so on.
struct Places {
  std::vector<const Cpus*> cores;
  std::vector<uint32_t> rounds;  // of each place, from 0
  Cpus all;
  size_t taken = 0;

  explicit Places(const Node& node) {
    for (const Cpus& core : node.cores) all.insert(all.end(), core.begin(), core.end());
    std::sort(all.begin(), all.end());
    for (uint32_t round = 0; cores.size() < all.size(); ++round)
      for (const Cpus& core : node.cores)
        if (core.size() > round) cores.push_back(&core), rounds.push_back(round);
  }
  std::tuple<bool, uint32_t, size_t> cost() const {
    return {taken == cores.size(), taken == cores.size() ? 0 : rounds[taken], taken};
  }
};

}  // namespace

Seating seats_on(const Topology& topology, uint32_t threads) {
  Seating seating;
  std::vector<Places> places;
  for (const Node& node : topology.nodes) {
    if (places.size() == threads) break;
    const uint32_t index = static_cast<uint32_t>(places.size());
    seating.nodes.push_back(node.number);
    places.emplace_back(node);
    seating.node_of_cpu.resize(std::max<size_t>(seating.node_of_cpu.size(), places.back().all.back() + 1));
    for (const uint32_t cpu : places.back().all) seating.node_of_cpu[cpu] = index;
  }
  const bool own_core = threads >= topology.cores(), whole = topology.nodes.size() == 1;
  for (uint32_t i = 0; i < threads; ++i) {
    const auto best = std::min_element(places.begin(), places.end(),
                                       [](const Places& a, const Places& b) { return a.cost() < b.cost(); });
    const uint32_t node = static_cast<uint32_t>(best - places.begin());
    seating.threads.push_back({node, own_core ? *best->cores[best->taken] : whole ? Cpus{} : best->all});
    ++best->taken;
  }
  return seating;
}

Seating unpinned(uint32_t threads, uint32_t nodes) {
  Seating seating;
  for (uint32_t node = 0; node < nodes; ++node) seating.nodes.push_back(node);
  for (uint32_t i = 0; i < threads; ++i) seating.threads.push_back({i % nodes, {}});
  return seating;
}

}  // namespace grok1::cpu
