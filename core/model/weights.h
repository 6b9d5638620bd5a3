// The model's weights on one device, by name. Made by load_weights; immutable afterwards and shared by all sessions.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "core/formats/tensor_source.h"
#include "core/plugin/device.h"

namespace grok1 {

using WeightPtr = Owned<grok1_weight>;

// Shapes as in grok1_layer_desc; [d_model] for the norms.
struct LayerWeights {
  WeightPtr pre_attention_norm, post_attention_norm, pre_moe_norm, post_moe_norm;
  WeightPtr query, key, value, attention_out;
  WeightPtr router;
  WeightPtr gate, up, down;
  Owned<grok1_layer> bound;  // declared last: destroyed before the weights it refers to
};

struct Weights {
  grok1_model_desc desc;
  WeightPtr embedding;   // [vocab, d_model], also the head
  WeightPtr final_norm;  // [d_model]
  Owned<grok1_lm_head> lm_head;
  std::vector<LayerWeights> layers;
};

// The config in the form that backends read.
grok1_model_desc describe(const Config& config);

// What a device would hold, in bytes.
struct WeightBytes {
  uint64_t all = 0;
  uint64_t experts = 0;          // the part of `all` that belongs to experts
  uint64_t scratch = 0;          // most that is needed besides while a weight is loaded
  bool experts_in_place = true;  // experts can stay in the mapped file
};
WeightBytes plan_weights(const Device& device, const TensorSource& source);

// Brings every tensor to the device and binds the layers. `progress` gets bytes done and in all after each tensor and
// may throw to end the load.
Weights load_weights(const Device& device, const TensorSource& source,
                     const std::function<void(uint64_t done, uint64_t total)>& progress);

}  // namespace grok1
