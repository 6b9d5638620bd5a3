// What grok1 convert and grok1 quantize share: the options that say what is written and how, and the conversion itself
// with its progress line and its report.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model.h"

namespace cli {

struct ConversionOptions {
  ModelOptions model;
  std::string output;
  std::string type;  // "": as exact as the source
  std::vector<std::string> overrides;
  std::string imatrix;
  uint64_t shard_bytes = 0, memory_bytes = 0;
  bool dry_run = false, overwrite = false, no_resume = false;
};

void add_conversion_options(CLI::App& app, ConversionOptions& options);  // all but model, output and type
int run_conversion(const ConversionOptions& options);

}  // namespace cli
