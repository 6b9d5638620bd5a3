// Everything of a session that lives on its device: KV pages, step, residual stream, logits. All of it is allocated
// here and nothing later. Knows no sequence.
#pragma once

#include <cstdint>

#include "core/model/weights.h"
#include "core/runtime/limits.h"

namespace grok1 {

class SessionMemory {
 public:
  SessionMemory(const Device& device, const grok1_model_desc& model, const Limits& limits);

  struct Bytes {
    uint64_t kv = 0;
    uint64_t scratch = 0;
  };
  static Bytes plan(const Device& device, const grok1_model_desc& model, const Limits& limits);

  const Limits& limits() const { return limits_; }
  grok1_queue* queue() const { return queue_.get(); }
  grok1_kv* kv() const { return kv_.get(); }
  grok1_step* step() const { return step_.get(); }
  grok1_act* x() const { return x_.get(); }
  grok1_route* route() const { return route_.get(); }
  grok1_buffer* h() const { return h_.get(); }
  grok1_buffer* y() const { return y_.get(); }
  grok1_buffer* logits() const { return logits_.get(); }

  // Logit rows [max_logit_rows, vocab] as the host sees them: valid for the first n_rows after fetch_logits.
  const float* host_logits() const { return host_logits_; }
  void fetch_logits(const Device& device, uint64_t n_rows);

 private:
  Limits limits_;
  uint64_t logit_row_bytes_;
  Owned<grok1_queue> queue_;
  Owned<grok1_kv> kv_;
  Owned<grok1_step> step_;
  Owned<grok1_act> x_;
  Owned<grok1_route> route_;
  Owned<grok1_buffer> h_, y_, logits_;
  Owned<grok1_buffer> staging_;  // NULL where the host can see logits_ itself
  const float* host_logits_ = nullptr;
};

}  // namespace grok1
