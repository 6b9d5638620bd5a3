#include "counts.h"

#include <cstdio>

#include "device.h"

namespace gpu {
namespace emulator {
namespace {

struct Table {
  std::map<std::string, Counts> kernels;
  std::string file;

  void write() const;
  ~Table() { write(); }
};

void Table::write() const {
  if (file.empty()) return;
  std::FILE* out = std::fopen(file.c_str(), "w");
  if (out == nullptr) {
    std::perror(("gpu emulator: GROK1_EMU_COUNTS=" + file + " cannot be written").c_str());
    return;
  }
  std::fprintf(out, "kernel\tlaunches\tread\twritten\trequested\n");
  for (const auto& [name, c] : kernels)
    std::fprintf(out, "%s\t%llu\t%llu\t%llu\t%llu\n", name.c_str(), static_cast<unsigned long long>(c.launches),
                 static_cast<unsigned long long>(c.read), static_cast<unsigned long long>(c.written),
                 static_cast<unsigned long long>(c.requested));
  std::fclose(out);
}

Table& table() {
  static Table the_table;
  return the_table;
}

}  // namespace

Counts& Counts::operator+=(const Counts& other) {
  launches += other.launches;
  read += other.read;
  written += other.written;
  requested += other.requested;
  return *this;
}

std::map<std::string, Counts> counts() {
  const Lock held = lock();
  return table().kernels;
}

void reset_counts() {
  const Lock held = lock();
  table().kernels.clear();
  table().file.clear();
}

void add_counts(const std::string& kernel, const Counts& launch) {
  table().kernels[kernel] += launch;
}

bool counts_sectors() {
  return !table().file.empty();
}

void count_sectors_into(const std::string& file) {
  table().file = file;
}

}  // namespace emulator

void write_counts() {
  const emulator::Lock held = emulator::lock();
  emulator::table().write();
}

}  // namespace gpu
