// Passes of one sequence through layers on a device: their weights, KV cache, step and rows, and the operators in the
// order of grok1_backend.h, without embedding and logits.
#ifndef GROK1_TESTS_GPU_PASS_H
#define GROK1_TESTS_GPU_PASS_H

#include <vector>

#include "layers.h"

namespace slice {

class Pass {
 public:
  // A cache of the model's whole context, with something in every page, and room for passes of `max_rows` rows.
  Pass(const Device& device, const grok1_model_desc& model, uint32_t max_rows);

  void upload(const LayerTensors& tensors);  // the same for every layer

  // The passes that follow have `rows` rows, from position `first` of the sequence on, and begin anew.
  void set(uint32_t first, uint32_t rows);

  // The rows as they were before the first layer: rows that went through the layers many times would grow alike and
  // choose the same experts.
  void restart();

  void run();

 private:
  void make_step(uint32_t max_rows);
  void make_kv();
  void make_rows(uint32_t max_rows);
  void attention(const Layer& layer);
  void add_norm(const grok1_weight* post, const grok1_weight* next, const grok1_layer* route_for, grok1_buffer* y);
  void experts(const Layer& layer);

  template <class Arguments>
  Arguments common(Arguments arguments) const {
    arguments.queue = device_.queue();
    arguments.step = step_.get();
    return arguments;
  }

  const Device& device_;
  const grok1_model_desc model_;
  const uint32_t pages_;
  uint32_t rows_ = 0;
  std::vector<Layer> layers_;
  Handle<grok1_step> step_;
  Handle<grok1_act> x_;
  Handle<grok1_route> route_;
  Handle<grok1_kv> kv_;
  Handle<grok1_buffer> start_, h_, y_;
};

}  // namespace slice

#endif
