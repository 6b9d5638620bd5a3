// Text for people: printf into a string, and byte counts with units. Files are counted in decimal units as disks and
// downloads are, memory in binary ones as operating systems do.
#pragma once

#include <cstdint>
#include <string>

namespace cli {

std::string text(const char* format, ...) __attribute__((format(printf, 1, 2)));

std::string file_size(uint64_t bytes);    // "318.2 GB"
std::string memory_size(uint64_t bytes);  // "21.9 GiB"

}  // namespace cli
