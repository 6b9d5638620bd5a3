// The model's weights, by name: of each member what the division gives it. Made by load_weights; immutable afterwards
// and shared by all sessions.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "core/formats/tensor_source.h"
#include "core/model/division.h"
#include "core/plugin/device.h"

namespace grok1 {

using WeightPtr = Owned<grok1_weight>;

// Shapes as in grok1_layer_desc; [d_model] for the norms. NULL is what this member does not hold: norms and router are
// with all members of the layer's home, the rest where the shares are.
struct LayerWeights {
  WeightPtr pre_attention_norm, post_attention_norm, pre_moe_norm, post_moe_norm;
  WeightPtr query, key, value, attention_out;
  WeightPtr router;
  WeightPtr gate, up, down;
  Owned<grok1_layer> bound;  // declared last: destroyed before the weights it refers to
};

struct MemberWeights {
  std::shared_ptr<Device> device;  // declared first: outlives what it holds
  WeightPtr embedding;             // [vocab, d_model]
  WeightPtr head;                  // the same, where the embedding is not the head too
  WeightPtr final_norm;            // [d_model]
  Owned<grok1_lm_head> lm_head;
  std::vector<LayerWeights> layers;  // [layers] of the model

  // The norm that a stage begins with: of a layer, or of the head behind the last one.
  const WeightPtr& first_norm(size_t stage) const {
    return stage < layers.size() ? layers[stage].pre_attention_norm : final_norm;
  }
};

struct Weights {
  grok1_model_desc desc;
  Division division;
  std::vector<MemberWeights> members;
  bool in_place = false;  // some are used where their files are mapped: these must not change
};

// The config in the form that backends read.
grok1_model_desc describe(const Config& config);

// What a member would hold, in bytes.
struct WeightBytes {
  uint64_t all = 0;
  uint64_t experts = 0;         // the part of `all` that belongs to experts
  uint64_t mapped_experts = 0;  // the part of `experts` that stays in the mapped files
  uint64_t scratch = 0;         // most that is needed besides while a weight is loaded
};
// `how` is GROK1_WEIGHTS_MAPPED: devices see the mapped file, and use it in place if they can; or GROK1_WEIGHTS_READ:
// they see nothing of it, and hold what chunks bring.
WeightBytes plan_weights(const Device& device, const TensorSource& source, const Division& division, uint32_t member,
                         uint32_t how);

// The same of one whole tensor.
WeightBytes plan_tensor(const Device& device, const Tensor& tensor, uint32_t how);

// Gets bytes done and in all after each tensor, and each piece of a tensor that is copied; may throw to end the load.
using LoadProgress = std::function<void(uint64_t done, uint64_t total)>;

// Brings to every device what it holds and binds the layers.
Weights load_weights(const std::vector<std::shared_ptr<Device>>& devices, const TensorSource& source,
                     const Division& division, uint32_t how, const LoadProgress& progress);

}  // namespace grok1
