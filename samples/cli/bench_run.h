// Runs tests on one session: fills the depth, warms up while the chosen experts are traced, then measures, the device's
// own limits in alternation with the runs.
#pragma once

#include "bench.h"
#include "bench_work.h"
#include "interrupt.h"
#include "progress.h"

namespace cli {

class BenchRunner {
 public:
  // `cache_type` and `rows_per_pass` are those that the model was loaded with.
  BenchRunner(grok1_model* model, uint32_t cache_type, uint32_t rows_per_pass, const Interrupt& interrupt);

  // Tests come with ascending depths.
  BenchResult run(const BenchTest& test, uint32_t repetitions);

 private:
  void fill(uint32_t depth);
  double run_once(const BenchTest& test);  // seconds
  void decode(const std::vector<grok1_sequence*>& sequences, uint32_t n_tokens, uint32_t position);
  BenchTrace trace(const BenchTest& test);
  grok1_rates measure() const;
  void done(uint64_t tokens);

  grok1_model* model_;
  grok1_model_info info_;
  ModelWork work_;
  uint32_t rows_per_pass_;
  const Interrupt& interrupt_;
  bool measures_ = false;  // the model is on one device, so that its limits are the model's
  bool profiles_ = false;  // and that is a CPU, where a profile costs nothing
  Session session_;
  Sequence base_;  // `depth` tokens
  uint32_t depth_ = 0;
  std::vector<uint64_t> spent_;  // of profile_x1
  Progress* progress_ = nullptr;
  uint64_t done_ = 0, total_ = 0;  // tokens, for the progress line
};

}  // namespace cli
