// What a session has on one of its model's devices: KV pages, step, residual stream, and where the model has several
// members the host memory through which rows come and go. All of it is allocated here and nothing later.
#pragma once

#include "core/model/pass.h"
#include "core/runtime/limits.h"

namespace grok1 {

struct MemoryBytes {
  uint64_t kv = 0;
  uint64_t scratch = 0;
};

class MemberMemory {
 public:
  MemberMemory(const Weights& weights, uint32_t member, const Limits& limits);

  static MemoryBytes plan(const Device& device, const grok1_model_desc& model, const Division& division,
                          uint32_t member, const Limits& limits);

  const Member& member() const { return member_; }

 private:
  HostBuffer host(uint64_t size);

  Member member_;
  Owned<grok1_queue> queue_;
  Owned<grok1_kv> kv_;
  Owned<grok1_step> step_;
  Owned<grok1_act> x_;
  Owned<grok1_route> route_;
  Owned<grok1_buffer> h_, y_;
  Owned<grok1_event> event_;
  std::vector<Owned<grok1_buffer>> host_;
};

}  // namespace grok1
