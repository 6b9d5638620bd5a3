// Results as a Markdown table, CSV or JSON. Every row of the last two stands alone; docs/benchmarks.md explains the
// columns.
#pragma once

#include <memory>

#include "bench.h"

namespace cli {

// What all rows have in common.
struct BenchSetting {
  std::string model, encoding, devices, processor, backend_options, cache_type;
  uint64_t file_bytes = 0, parameters = 0;
  uint32_t threads = 0;  // 0: all
  double disk_bytes_per_second = 0;
};

class BenchReport {
 public:
  explicit BenchReport(BenchSetting setting) : setting_(std::move(setting)) {}
  virtual ~BenchReport() = default;
  // `format` is md, csv or json.
  static std::unique_ptr<BenchReport> make(const std::string& format, BenchSetting setting);

  virtual void add(const BenchResult& result) = 0;  // prints what can be printed
  virtual void end() = 0;

 protected:
  BenchSetting setting_;
};

}  // namespace cli
