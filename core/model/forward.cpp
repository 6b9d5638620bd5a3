// Grok-1, whole: the operators in their order. What each of them means is stated in grok1_backend.h.
#include "core/model/forward.h"

namespace grok1 {
namespace {

// The operators of one pass with what they have in common filled in.
class Operators {
 public:
  Operators(const Device& device, const Weights& weights, const Pass& pass)
      : device_(device.get()), ops_(device.ops()), weights_(weights), pass_(pass) {}

  void embed(const WeightPtr& next_norm) const {  // h, x = norm(h)
    grok1_embed_args args = GROK1_INIT(grok1_embed_args);
    args.queue = pass_.queue;
    args.step = pass_.step;
    args.lm_head = weights_.lm_head.get();
    args.next_norm = next_norm.get();
    args.h = pass_.h;
    args.x = pass_.x;
    call(ops_.embed, device_, &args);
  }

  void attention(const LayerWeights& layer) const {  // y = attention(x)
    grok1_attention_args args = GROK1_INIT(grok1_attention_args);
    args.queue = pass_.queue;
    args.step = pass_.step;
    args.layer = layer.bound.get();
    args.kv = pass_.kv;
    args.x = pass_.x;
    args.y = pass_.y;
    call(ops_.attention, device_, &args);
  }

  void add_norm(const WeightPtr& post_norm, const WeightPtr& next_norm, const LayerWeights* route_for) const {
    grok1_add_norm_args args = GROK1_INIT(grok1_add_norm_args);  // h += norm(y), x = norm(h)
    args.queue = pass_.queue;
    args.step = pass_.step;
    args.post_norm = post_norm.get();
    args.next_norm = next_norm.get();
    args.route_for = route_for == nullptr ? nullptr : route_for->bound.get();
    args.h = pass_.h;
    args.y = pass_.y;
    args.x = pass_.x;
    call(ops_.add_norm, device_, &args);
  }

  void moe_route(const LayerWeights& layer) const {  // route = best experts and gates of x
    grok1_route_args args = GROK1_INIT(grok1_route_args);
    args.queue = pass_.queue;
    args.step = pass_.step;
    args.layer = layer.bound.get();
    args.x = pass_.x;
    args.route = pass_.route;
    call(ops_.moe_route, device_, &args);
  }

  void moe_experts(const LayerWeights& layer) const {  // y = gated sum of the chosen experts of x
    grok1_experts_args args = GROK1_INIT(grok1_experts_args);
    args.queue = pass_.queue;
    args.step = pass_.step;
    args.layer = layer.bound.get();
    args.x = pass_.x;
    args.route = pass_.route;
    args.y = pass_.y;
    call(ops_.moe_experts, device_, &args);
  }

  void logits() const {
    grok1_logits_args args = GROK1_INIT(grok1_logits_args);
    args.queue = pass_.queue;
    args.step = pass_.step;
    args.lm_head = weights_.lm_head.get();
    args.x = pass_.x;
    args.logits = pass_.logits;
    args.logits_offset = pass_.logits_offset;
    call(ops_.logits, device_, &args);
  }

 private:
  grok1_device* device_;
  const grok1_backend_ops& ops_;
  const Weights& weights_;
  const Pass& pass_;
};

}  // namespace

void forward(const Device& device, const Weights& weights, const Pass& pass, PassObserver& observer) {
  const Operators run(device, weights, pass);
  const std::vector<LayerWeights>& layers = weights.layers;

  run.embed(layers[0].pre_attention_norm);
  observer.after_embed();
  for (uint32_t i = 0; i < layers.size(); ++i) {
    observer.before_layer(i);
    const LayerWeights& layer = layers[i];
    const bool last = i + 1 == layers.size();
    run.attention(layer);
    run.add_norm(layer.post_attention_norm, layer.pre_moe_norm, &layer);
    run.moe_route(layer);
    run.moe_experts(layer);
    run.add_norm(layer.post_moe_norm, last ? weights.final_norm : layers[i + 1].pre_attention_norm, nullptr);
    observer.after_layer(i);
  }
  if (pass.wants_logits) run.logits();
}

}  // namespace grok1
