// Lists of CPUs, and the folders node/ and cpu/ of /sys/devices/system.
#include "backends/cpu/topology.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>

namespace grok1::cpu {
namespace {

constexpr uint32_t kMostCpus = 1u << 20;  // a list that names more is damaged

std::optional<Cpus> list_in(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  if (!file) return std::nullopt;
  std::getline(file, line);  // of a node without CPUs the line may be empty or missing
  return parse_cpu_list(line);
}

Cpus common(const Cpus& a, const Cpus& b) {
  Cpus both;
  std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(both));
  return both;
}

// CPUs of one node, siblings together, in the order of each core's first.
std::vector<Cpus> cores_of(const std::string& root, Cpus cpus) {
  std::vector<Cpus> cores;
  while (!cpus.empty()) {
    const std::string cpu = std::to_string(cpus.front());
    const auto siblings = list_in(root + "/cpu/cpu" + cpu + "/topology/thread_siblings_list");
    Cpus core = common(cpus, siblings.value_or(Cpus{}));
    if (core.empty() || core.front() != cpus.front()) core = {cpus.front()};
    Cpus rest;
    std::set_difference(cpus.begin(), cpus.end(), core.begin(), core.end(), std::back_inserter(rest));
    cpus = std::move(rest);
    cores.push_back(std::move(core));
  }
  return cores;
}

}  // namespace

std::optional<Cpus> parse_cpu_list(std::string_view text) {
  Cpus cpus;
  const char *at = text.data(), *end = at + text.size();
  const auto number = [&](uint32_t& n) {
    const auto [stop, fault] = std::from_chars(at, end, n);
    at = stop;
    return fault == std::errc() && n < kMostCpus;
  };
  if (text.ends_with('\n')) --end;
  while (at != end) {
    uint32_t first, last;
    if (!number(first)) return std::nullopt;
    last = first;
    if (at != end && *at == '-' && (++at, !number(last) || last < first)) return std::nullopt;
    if (!cpus.empty() && first <= cpus.back()) return std::nullopt;
    for (uint32_t cpu = first; cpu <= last; ++cpu) cpus.push_back(cpu);
    if (at == end) break;
    if (*at++ != ',' || at == end) return std::nullopt;
  }
  return cpus;
}

Topology read_topology(const std::string& root, const Cpus& mask) {
  Cpus cpus = common(mask, list_in(root + "/cpu/online").value_or(mask));
  if (cpus.empty()) cpus = mask;
  Topology topology;
  size_t found = 0;
  for (const uint32_t number : list_in(root + "/node/online").value_or(Cpus{})) {
    const auto all = list_in(root + "/node/node" + std::to_string(number) + "/cpulist");
    const Cpus own = common(cpus, all.value_or(Cpus{}));
    if (own.empty()) continue;
    found += own.size();
    topology.nodes.push_back({number, cores_of(root, own)});
  }
  if (found != cpus.size()) topology.nodes = {{0, cores_of(root, cpus)}};
  return topology;
}

uint32_t Topology::cores() const {
  size_t count = 0;
  for (const Node& node : nodes) count += node.cores.size();
  return static_cast<uint32_t>(count);
}

uint32_t Topology::cpus() const {
  size_t count = 0;
  for (const Node& node : nodes)
    for (const Cpus& core : node.cores) count += core.size();
  return static_cast<uint32_t>(count);
}

}  // namespace grok1::cpu
