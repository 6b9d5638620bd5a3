// /proc/cpuinfo, /proc/meminfo, the affinity mask and both versions of control groups.
#include "backends/cpu/machine.h"

#include <sched.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <optional>
#include <sstream>

namespace grok1::cpu {
namespace {

// What follows "key" and a colon in a file of such lines.
std::string value_in(const std::string& path, const std::string& key) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (line.compare(0, key.size(), key) != 0) continue;
    const size_t colon = line.find(':');
    if (colon == std::string::npos || line.find_first_not_of(" \t", key.size()) != colon) continue;
    const size_t begin = line.find_first_not_of(" \t", colon + 1);
    return begin == std::string::npos ? "" : line.substr(begin);
  }
  return "";
}

uint64_t meminfo(const std::string& root, const char* key) {
  return std::strtoull(value_in(root + "/proc/meminfo", key).c_str(), nullptr, 10) * 1024;
}

std::optional<double> number_in(const std::string& path) {
  std::ifstream file(path);
  double number;
  if (file >> number) return number;  // "max" is no number: no limit
  return std::nullopt;
}

// Folders of the process's control group and of all groups around it, for one controller (version 1) or for all.
std::vector<std::string> control_groups(const std::string& root, const std::string& controller) {
  std::ifstream file(root + "/proc/self/cgroup");
  std::vector<std::string> folders;
  for (std::string line; std::getline(file, line);) {
    const size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string names = "," + line.substr(first + 1, second - first - 1) + ",";
    const bool unified = names == ",,";
    if (!unified && names.find("," + controller + ",") == std::string::npos) continue;
    const std::string mounted = root + "/sys/fs/cgroup" + (unified ? "" : "/" + controller);
    std::string path = line.substr(second + 1);
    while (path.size() > 1) {
      folders.push_back(mounted + path + "/");
      path.resize(path.rfind('/'));
    }
    folders.push_back(mounted + "/");
  }
  return folders;
}

// Quota over period, in cores.
std::optional<double> cores_of_group(const std::string& folder) {
  std::ifstream unified(folder + "cpu.max");
  double quota, period;
  if (unified >> quota >> period && period > 0) return quota / period;
  const auto old_quota = number_in(folder + "cpu.cfs_quota_us"), old_period = number_in(folder + "cpu.cfs_period_us");
  if (old_quota && old_period && *old_quota > 0 && *old_period > 0) return *old_quota / *old_period;
  return std::nullopt;
}

void remove_all(std::string& text, const char* part) {
  for (size_t at; (at = text.find(part)) != std::string::npos;) text.erase(at, std::strlen(part));
}

}  // namespace

std::string processor_name() {
  std::string name = value_in("/proc/cpuinfo", "model name");
  name.resize(std::min(name.size(), name.find('@')));
  for (const char* noise : {"(R)", "(TM)", "(tm)", " CPU", " Processor"}) remove_all(name, noise);
  while (!name.empty() && name.back() == ' ') name.pop_back();
  return name.empty() ? "x86-64" : name;
}

std::vector<uint32_t> affinity_mask() {
  std::vector<uint32_t> cpus;
  for (size_t size = 1024; cpus.empty() && size <= (size_t{1} << 20); size *= 2) {
    std::vector<unsigned long> words(size / (8 * sizeof(unsigned long)));
    cpu_set_t* mask = reinterpret_cast<cpu_set_t*>(words.data());
    const size_t bytes = size / 8;
    if (sched_getaffinity(0, bytes, mask) != 0) continue;  // the system knows more CPUs than fit
    for (uint32_t cpu = 0; cpu < size; ++cpu)
      if (CPU_ISSET_S(cpu, bytes, mask)) cpus.push_back(cpu);
  }
  return cpus.empty() ? std::vector<uint32_t>{0} : cpus;
}

uint32_t usable_cores(const std::string& root) {
  double cores = static_cast<double>(affinity_mask().size());
  for (const std::string& folder : control_groups(root, "cpu"))
    if (const auto limit = cores_of_group(folder)) cores = std::min(cores, std::max(1.0, std::ceil(*limit)));
  return static_cast<uint32_t>(cores);
}

MachineMemory machine_memory(const std::string& root) {
  MachineMemory memory{meminfo(root, "MemTotal"), meminfo(root, "MemAvailable")};
  const auto limit = [&](const std::string& folder, const char* most, const char* used) {
    const auto total = number_in(folder + most), taken = number_in(folder + used);
    if (!total || *total >= static_cast<double>(memory.total)) return;
    memory.total = static_cast<uint64_t>(*total);
    memory.free = std::min(memory.free, static_cast<uint64_t>(std::max(0.0, *total - taken.value_or(0))));
  };
  for (const std::string& folder : control_groups(root, "memory")) {
    limit(folder, "memory.max", "memory.current");
    limit(folder, "memory.limit_in_bytes", "memory.usage_in_bytes");
  }
  return memory;
}

}  // namespace grok1::cpu
