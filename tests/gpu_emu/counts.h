// What kernels moved, by name. `read` and `written` are the distinct sectors of 32 bytes that each launch touched,
// times 32: what a device's memory must move if its cache is perfect within a launch and empty before; so a launch does
// not read what it has written. `requested` is the sum of all loads and stores: what the caches serve. Sectors are
// counted only when GROK1_EMU_COUNTS names a file.
#ifndef GROK1_TESTS_GPU_EMU_COUNTS_H
#define GROK1_TESTS_GPU_EMU_COUNTS_H

#include <cstdint>
#include <map>
#include <string>

namespace gpu {

namespace emulator {

constexpr uint64_t kSector = 32;

struct Counts {
  uint64_t launches = 0;
  uint64_t read = 0, written = 0, requested = 0;  // bytes

  Counts& operator+=(const Counts& other);
};

std::map<std::string, Counts> counts();
void reset_counts();
void add_counts(const std::string& kernel, const Counts& launch);

bool counts_sectors();
void count_sectors_into(const std::string& file);  // written by write_counts and when the process ends

}  // namespace emulator

// Writes the table to the file: a line per kernel, tab separated, under a header. Nothing without a file.
void write_counts();

}  // namespace gpu

#endif
