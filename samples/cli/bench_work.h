// Counts what passes read and multiply, from the tensors and the plan of a loaded model: nothing is assumed about it.
#pragma once

#include "bench.h"

namespace cli {

// What a trace of one run showed.
struct BenchTrace {
  uint64_t passes = 0;
  uint64_t experts = 0;  // different experts, summed over passes and layers
};

class ModelWork {
 public:
  ModelWork(const grok1_model* model, uint32_t cache_type);

  BenchWork of(const BenchTest& test, const BenchTrace& trace, uint32_t rows_per_pass) const;

 private:
  double other_bytes_ = 0;                   // all but the experts, as the devices hold them: read by every pass
  double head_bytes_ = 0;                    // of them the embedding, which a pass without logits does not read
  double expert_bytes_ = 0;                  // of one expert of one layer, as the devices hold it
  double kv_token_bytes_ = 0;                // keys and values of one token in all layers
  double i8_weights_ = 0, f32_weights_ = 0;  // of layers that one token meets
  uint32_t layers_ = 0;
};

}  // namespace cli
