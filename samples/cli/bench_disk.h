// How fast the disk gives the model's files when nothing of them comes from memory.
#pragma once

#include <cstdint>
#include <string>

#include "grok1.h"

namespace cli {

struct DiskRate {
  double bytes_per_second = 0;  // 0: could not be measured
  std::string reason;           // why not
};

// Reads tensor files past the page cache, four requests of 4 MiB in flight, up to so many bytes or one second.
DiskRate measure_disk(const grok1_model* model, uint64_t most_bytes = uint64_t{2} << 30);

}  // namespace cli
