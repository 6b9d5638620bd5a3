// The operators of a pass on one member, with what they have in common filled in. What each of them means is stated in
// grok1_backend.h, their order in forward.cpp.
#pragma once

#include "core/model/pass.h"

namespace grok1 {

class Operators {
 public:
  Operators(const Pass& pass, uint32_t member)
      : pass_(pass), m_(pass.members[member]), device_(*m_.device), ops_(device_.ops()) {}

  void embed(const WeightPtr* next_norm) const;                                 // h; x = norm(h) unless NULL
  void attention(size_t layer) const;                                           // y = attention(x)
  void add_norm(const WeightPtr& post_norm, const WeightPtr* next_norm) const;  // h += norm(y); x = norm(h) unless NULL
  void add_norm_to_route(size_t layer) const;   // the same between attention and experts; moe_route reads x next
  void norm(const WeightPtr& next_norm) const;  // x = norm(h)
  void moe_route(size_t layer) const;           // route = best experts and gates of x
  void moe_experts(size_t layer) const;         // y = gated sum of the chosen experts of x
  void clear_y() const;                         // y = 0: this member adds nothing
  void logits() const;

  const LayerWeights& layer(size_t index) const { return m_.weights->layers[index]; }
  const MemberWeights& weights() const { return *m_.weights; }

 private:
  void add_norm(const WeightPtr* post_norm, const WeightPtr* next_norm, const grok1_layer* route_for) const;

  const Pass& pass_;
  const Member& m_;
  const Device& device_;
  const grok1_backend_ops& ops_;
};

}  // namespace grok1
