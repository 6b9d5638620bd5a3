// The backend behind its operator table with one small layer and an LM head of random weights, and passes through it.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "grok1_backend.h"

extern "C" const grok1_backend_descriptor grok1_backend_entry;

namespace grok1::cpu {

class Rig {
 public:
  explicit Rig(const std::string& options, uint32_t page_tokens = 32, uint32_t cache_type = GROK1_CACHE_BF16);
  ~Rig();
  Rig(const Rig&) = delete;

  // Passes `tokens` through embed, the layer and the head, `sizes` rows at a time (the last size is repeated), and
  // returns the logits of every row.
  std::vector<float> run(const std::vector<int32_t>& tokens, const std::vector<uint32_t>& sizes);

  static std::vector<int32_t> tokens(size_t count);
  grok1_step* step() const { return step_; }

 private:
  static constexpr uint32_t kRows = 300, kPages = 40;

  grok1_weight* weight(uint64_t experts, uint64_t k, uint64_t n, uint32_t groups);  // I8
  grok1_weight* floats(uint32_t kind, uint32_t order, uint64_t k, uint64_t n);
  void pass(const std::vector<int32_t>& tokens, uint32_t begin, uint32_t count, std::vector<float>& logits);
  void ok(grok1_status status);

  const grok1_backend_ops* ops_ = nullptr;
  grok1_backend* backend_ = nullptr;
  grok1_device* device_ = nullptr;
  grok1_error err_ = GROK1_INIT(grok1_error);
  grok1_model_desc model_ = GROK1_INIT(grok1_model_desc);
  std::mt19937 random_{11};
  std::vector<std::unique_ptr<std::vector<char>>> data_;
  std::vector<grok1_weight*> weights_;
  grok1_weight* norm_[4] = {};
  grok1_queue* queue_ = nullptr;
  grok1_layer* layer_ = nullptr;
  grok1_lm_head* head_ = nullptr;
  grok1_kv* kv_ = nullptr;
  grok1_step* step_ = nullptr;
  grok1_act* x_ = nullptr;
  grok1_route* route_ = nullptr;
  grok1_buffer *h_ = nullptr, *y_ = nullptr, *logits_ = nullptr;
};

}  // namespace grok1::cpu
