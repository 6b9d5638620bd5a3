// What grok1 bench measures: one test is a prompt given at once, or tokens one by one in some sequences, behind `depth`
// tokens that are there already. What a run of it reads and multiplies is counted in bench_work, how it is run is in
// bench_run, how it is printed in bench_report.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "grok1.h"

namespace cli {

struct BenchTest {
  bool is_prompt;
  uint32_t tokens;  // of each sequence
  uint32_t batch;   // sequences
  uint32_t depth;   // tokens before
  uint32_t asked;   // depth that was asked for: there may be no room for so many

  uint64_t all_tokens() const { return uint64_t{tokens} * batch; }
  std::string name() const;  // "pp512", "tg128@b4@d8192"
};

// A run with what the device reached just before and after it.
struct BenchSample {
  double seconds;
  double expert_seconds;  // of them in the experts; 0: not known
  grok1_rates rates;      // means of both; all 0 where the device does not measure itself
};

// What one run of a test reads and multiplies.
struct BenchWork {
  double bytes;                          // weights and KV cache, each byte once per pass
  double expert_bytes;                   // of them the experts that the passes' tokens chose
  double kv_bytes;                       // of them the KV cache
  double experts;                        // different experts that a layer of a pass uses, on average
  double i8_operations, f32_operations;  // multiplications and additions with weights of layers, by what they become
};

struct BenchResult {
  BenchTest test;
  BenchWork work;
  std::vector<BenchSample> samples;  // [repetitions]
  double load_average;               // of the last minute, when the test ended
};

double median(std::vector<double> values);  // 0 of none

}  // namespace cli
