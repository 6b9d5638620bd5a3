// A random model's numbers, the tensors of one of its layers and its embedding, and how a device binds them or a share
// of them. The same bytes go to both backends.
#ifndef GROK1_TESTS_CONFORMANCE_LAYER_H
#define GROK1_TESTS_CONFORMANCE_LAYER_H

#include "tests/conformance/weights.h"

namespace grok1::conformance {

// A small model with the constants that make each of them matter: logits of attention of deviation 2 under a cap of 5,
// multipliers that are not 1. Tests change what they look at.
grok1_model_desc small_model();
std::string text_of(const grok1_model_desc& model);

// The same in sizes of which K is 256 or 512 in every matrix, so that all block encodings divide them.
grok1_model_desc block_model();

struct LayerTensors {
  Tensor q, k, v, o, router, gate, up, down;
};

// Outputs of each linear layer have deviation 1 for inputs of deviation 1. o and down have `groups` scale groups, the
// others one, as in xAI's files. The router is F32 whatever the format.
LayerTensors random_layer(Random& random, const grok1_model_desc& model, Format format, uint32_t groups = 1);

struct Share {
  uint32_t kv_head_begin, kv_head_end;
  uint32_t expert_begin, expert_end;
  uint32_t ffn_begin, ffn_end;
};
Share whole_share(const grok1_model_desc& model);

enum Parts : unsigned { kAttention = 1, kRouter = 2, kExperts = 4, kAllParts = 7 };

// Weights must outlive the layer: members are destroyed from the last to the first.
struct BoundLayer {
  std::vector<Handle<grok1_weight>> weights;
  Handle<grok1_layer> layer;
};
BoundLayer bind_layer(Device& device, const grok1_model_desc& model, const LayerTensors& tensors, const Share& share,
                      unsigned parts = kAllParts, Delivery delivery = Delivery::kWhole, uint32_t index = 0);

struct BoundHead {
  Handle<grok1_weight> embedding, output;
  Handle<grok1_lm_head> head;
};
// An embedding, or an output matrix, which has its shape.
Tensor random_embedding(Random& random, const grok1_model_desc& model, uint32_t encoding);
// Without `output` it is tied.
BoundHead bind_head(Device& device, const grok1_model_desc& model, const Tensor& embedding, uint32_t vocab_begin,
                    uint32_t vocab_end, Delivery delivery = Delivery::kWhole, const Tensor* output = nullptr);
inline BoundHead bind_head(Device& device, const grok1_model_desc& model, const Tensor& embedding) {
  return bind_head(device, model, embedding, 0, model.vocab_size);
}

}  // namespace grok1::conformance

#endif
