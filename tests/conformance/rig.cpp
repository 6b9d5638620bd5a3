// Calls of the operator table with rows from host memory; what they are for is in rig.h.
#include "tests/conformance/rig.h"

namespace grok1::conformance {

Rig::Rig(Device& device, const grok1_model_desc& model, const Limits& limits)
    : device_(&device), model_(model), limits_(limits) {
  grok1_step_limits desc = GROK1_INIT(grok1_step_limits);
  desc.model = &model_;
  desc.max_rows = desc.max_logit_rows = limits.rows;
  desc.max_chunks = limits.chunks;
  desc.max_pages = limits.pages;
  desc.page_tokens = limits.page_tokens;
  grok1_step* step = nullptr;
  call("step_create", device.ops().step_create, device.handle(), &desc, &step);
  step_ = device.own(step, device.ops().step_destroy);
}

void Rig::set(const Pass& pass) {
  pass_ = pass;
  const grok1_step_data data = pass_.data();
  call("step_set", device_->ops().step_set, step_.get(), device_->queue(), &data);
}

Handle<grok1_act> Rig::make_act() {
  grok1_act* act = nullptr;
  call("act_create", device_->ops().act_create, step_.get(), &act);
  return device_->own(act, device_->ops().act_destroy);
}

Handle<grok1_act> Rig::import_act(const std::vector<float>& rows) {
  const Handle<grok1_act> act = make_act();
  const Region region(*device_, "rows of act_import", rows, GROK1_MEMORY_HOST);
  call("act_import", device_->ops().act_import, step_.get(), device_->queue(), act.get(),
       static_cast<const grok1_buffer*>(region.buffer()), region.offset());
  device_->sync();
  return act;
}

std::vector<float> Rig::export_act(const Handle<grok1_act>& act) {
  const Region region(*device_, "rows of act_export", row_floats() * sizeof(float), GROK1_MEMORY_HOST);
  call("act_export", device_->ops().act_export, step_.get(), device_->queue(), static_cast<const grok1_act*>(act.get()),
       region.buffer(), region.offset());
  return region.floats();
}

Handle<grok1_route> Rig::make_route() {
  grok1_route* route = nullptr;
  call("route_create", device_->ops().route_create, step_.get(), &route);
  return device_->own(route, device_->ops().route_destroy);
}

Handle<grok1_route> Rig::import_route(const Routing& routing) {
  const Handle<grok1_route> route = make_route();
  Region experts(*device_, "experts of route_import", routing.experts.size() * sizeof(int32_t), GROK1_MEMORY_HOST);
  experts.write(routing.experts.data());
  const Region gates(*device_, "gates of route_import", routing.gates, GROK1_MEMORY_HOST);
  call("route_import", device_->ops().route_import, step_.get(), device_->queue(), route.get(),
       static_cast<const grok1_buffer*>(experts.buffer()), experts.offset(),
       static_cast<const grok1_buffer*>(gates.buffer()), gates.offset());
  device_->sync();
  return route;
}

Routing Rig::export_route(const Handle<grok1_route>& route) {
  const size_t bytes = size_t(pass_.n_rows()) * model_.experts_used * sizeof(float);
  const Region experts(*device_, "experts of route_export", bytes, GROK1_MEMORY_HOST);
  const Region gates(*device_, "gates of route_export", bytes, GROK1_MEMORY_HOST);
  call("route_export", device_->ops().route_export, step_.get(), device_->queue(),
       static_cast<const grok1_route*>(route.get()), experts.buffer(), experts.offset(), gates.buffer(),
       gates.offset());
  return {experts.ints(), gates.floats()};
}

Handle<grok1_kv> Rig::make_kv(uint32_t n_pages, uint32_t type, std::vector<uint32_t> layers) {
  return make_kv(n_pages, type, std::move(layers), 0, model_.kv_heads);
}

Handle<grok1_kv> Rig::make_kv(uint32_t n_pages, uint32_t type, std::vector<uint32_t> layers, uint32_t kv_head_begin,
                              uint32_t kv_head_end) {
  grok1_kv_desc desc = GROK1_INIT(grok1_kv_desc);
  desc.model = &model_;
  desc.layers = layers.data();
  desc.n_layers = uint32_t(layers.size());
  desc.kv_head_begin = kv_head_begin;
  desc.kv_head_end = kv_head_end;
  desc.page_tokens = limits_.page_tokens;
  desc.n_pages = n_pages;
  desc.type = type;
  grok1_kv* kv = nullptr;
  call("kv_create", device_->ops().kv_create, device_->handle(), &desc, &kv);
  return device_->own(kv, device_->ops().kv_destroy);
}

Normed Rig::embed(const BoundHead& head, const Handle<grok1_weight>& next_norm) {
  const Region h(*device_, "h of embed", row_floats() * sizeof(float));
  const Handle<grok1_act> x = next_norm != nullptr ? make_act() : nullptr;
  grok1_embed_args args = GROK1_INIT(grok1_embed_args);
  fill_common(args);
  args.lm_head = head.head.get();
  args.next_norm = next_norm.get();
  args.h = h.buffer();
  args.h_offset = h.offset();
  args.x = x.get();
  call("embed", device_->ops().embed, device_->handle(), &args);
  return {h.floats(), x != nullptr ? export_act(x) : std::vector<float>()};
}

std::vector<float> Rig::attention(const BoundLayer& layer, const Handle<grok1_kv>& kv, const Handle<grok1_act>& x) {
  const Region y(*device_, "y of attention", row_floats() * sizeof(float));
  grok1_attention_args args = GROK1_INIT(grok1_attention_args);
  fill_common(args);
  args.layer = layer.layer.get();
  args.kv = kv.get();
  args.x = x.get();
  args.y = y.buffer();
  args.y_offset = y.offset();
  call("attention", device_->ops().attention, device_->handle(), &args);
  return y.floats();
}

Normed Rig::add_norm(const std::vector<float>& h_rows, const std::vector<float>& y_rows,
                     const Handle<grok1_weight>& post_norm, const Handle<grok1_weight>& next_norm,
                     const grok1_layer* route_for, Handle<grok1_act>* act) {
  const Region h(*device_, "h of add_norm", h_rows), y(*device_, "y of add_norm", y_rows);
  const Handle<grok1_act> x = next_norm != nullptr ? make_act() : nullptr;
  grok1_add_norm_args args = GROK1_INIT(grok1_add_norm_args);
  fill_common(args);
  args.post_norm = post_norm.get();
  args.next_norm = next_norm.get();
  args.route_for = route_for;
  args.h = h.buffer();
  args.h_offset = h.offset();
  if (!y_rows.empty()) args.y = y.buffer(), args.y_offset = y.offset();
  args.x = x.get();
  call("add_norm", device_->ops().add_norm, device_->handle(), &args);
  if (act != nullptr) *act = x;
  return {h.floats(), x != nullptr ? export_act(x) : std::vector<float>()};
}

Handle<grok1_route> Rig::moe_route(const BoundLayer& layer, const Handle<grok1_act>& x) {
  const Handle<grok1_route> route = make_route();
  grok1_route_args args = GROK1_INIT(grok1_route_args);
  fill_common(args);
  args.layer = layer.layer.get();
  args.x = x.get();
  args.route = route.get();
  call("moe_route", device_->ops().moe_route, device_->handle(), &args);
  return route;
}

std::vector<float> Rig::moe_experts(const BoundLayer& layer, const Handle<grok1_act>& x,
                                    const Handle<grok1_route>& route) {
  const Region y(*device_, "y of moe_experts", row_floats() * sizeof(float));
  grok1_experts_args args = GROK1_INIT(grok1_experts_args);
  fill_common(args);
  args.layer = layer.layer.get();
  args.x = x.get();
  args.route = route.get();
  args.y = y.buffer();
  args.y_offset = y.offset();
  call("moe_experts", device_->ops().moe_experts, device_->handle(), &args);
  return y.floats();
}

std::vector<float> Rig::logits(const BoundHead& head, uint32_t vocabulary, const Handle<grok1_act>& x) {
  const Region out(*device_, "logits", pass_.logit_rows.size() * vocabulary * sizeof(float));
  grok1_logits_args args = GROK1_INIT(grok1_logits_args);
  fill_common(args);
  args.lm_head = head.head.get();
  args.x = x.get();
  args.logits = out.buffer();
  args.logits_offset = out.offset();
  call("logits", device_->ops().logits, device_->handle(), &args);
  return out.floats();
}

}  // namespace grok1::conformance
