// A device with a step for one model: sets passes and runs operators on rows that come from and go to host memory. The
// same calls on two rigs, one per backend, give results to compare. What each operator means is in grok1_backend.h.
#ifndef GROK1_TESTS_CONFORMANCE_RIG_H
#define GROK1_TESTS_CONFORMANCE_RIG_H

#include "tests/conformance/layer.h"
#include "tests/conformance/pass.h"
#include "tests/conformance/region.h"

namespace grok1::conformance {

struct Limits {
  uint32_t rows = 128, chunks = 8, pages = 8, page_tokens = 16;
};

// Experts and gates, [n_rows, experts_used].
struct Routing {
  std::vector<int32_t> experts;
  std::vector<float> gates;
};

// What embed and add_norm write.
struct Normed {
  std::vector<float> h, x;
};

class Rig {
 public:
  Rig(Device& device, const grok1_model_desc& model, const Limits& limits = {});

  Device& device() const { return *device_; }
  grok1_step* step() const { return step_.get(); }
  const grok1_model_desc& model() const { return model_; }

  void set(const Pass& pass);

  Handle<grok1_act> make_act();
  Handle<grok1_act> import_act(const std::vector<float>& rows);
  std::vector<float> export_act(const Handle<grok1_act>& act);
  Handle<grok1_route> make_route();
  Handle<grok1_route> import_route(const Routing& routing);
  Routing export_route(const Handle<grok1_route>& route);

  Handle<grok1_kv> make_kv(uint32_t n_pages, uint32_t type, std::vector<uint32_t> layers = {0});
  Handle<grok1_kv> make_kv(uint32_t n_pages, uint32_t type, std::vector<uint32_t> layers, uint32_t kv_head_begin,
                           uint32_t kv_head_end);

  Normed embed(const BoundHead& head, const Handle<grok1_weight>& next_norm);  // no norm: x is not asked for
  std::vector<float> attention(const BoundLayer& layer, const Handle<grok1_kv>& kv, const Handle<grok1_act>& x);
  // y empty: none. No next norm: x is not asked for. The act, if any, is kept in *act.
  Normed add_norm(const std::vector<float>& h, const std::vector<float>& y, const Handle<grok1_weight>& post_norm,
                  const Handle<grok1_weight>& next_norm, const grok1_layer* route_for = nullptr,
                  Handle<grok1_act>* act = nullptr);
  Handle<grok1_route> moe_route(const BoundLayer& layer, const Handle<grok1_act>& x);
  std::vector<float> moe_experts(const BoundLayer& layer, const Handle<grok1_act>& x, const Handle<grok1_route>& route);
  std::vector<float> logits(const BoundHead& head, uint32_t vocabulary, const Handle<grok1_act>& x);

 private:
  size_t row_floats() const { return size_t(pass_.n_rows()) * model_.d_model; }

  template <class Arguments>
  void fill_common(Arguments& arguments) const {
    arguments.queue = device_->queue();
    arguments.step = step_.get();
  }

  Device* device_;
  grok1_model_desc model_;
  Limits limits_;
  Handle<grok1_step> step_;
  Pass pass_;
};

}  // namespace grok1::conformance

#endif
