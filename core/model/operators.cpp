#include "core/model/operators.h"

namespace grok1 {

void Operators::embed(const WeightPtr* next_norm) const {
  grok1_embed_args args = GROK1_INIT(grok1_embed_args);
  args.queue = m_.queue;
  args.step = m_.step;
  args.lm_head = weights().lm_head.get();
  args.next_norm = next_norm != nullptr ? next_norm->get() : nullptr;
  args.h = m_.h;
  args.x = next_norm != nullptr ? m_.x : nullptr;
  device_.call(ops_.embed, device_.get(), &args);
}

void Operators::attention(size_t index) const {
  grok1_attention_args args = GROK1_INIT(grok1_attention_args);
  args.queue = m_.queue;
  args.step = m_.step;
  args.layer = layer(index).bound.get();
  args.kv = m_.kv;
  args.x = m_.x;
  args.y = m_.y;
  device_.call(ops_.attention, device_.get(), &args);
}

void Operators::add_norm(const WeightPtr* post_norm, const WeightPtr* next_norm, const grok1_layer* route_for) const {
  grok1_add_norm_args args = GROK1_INIT(grok1_add_norm_args);
  args.queue = m_.queue;
  args.step = m_.step;
  args.post_norm = post_norm != nullptr ? post_norm->get() : nullptr;
  args.next_norm = next_norm != nullptr ? next_norm->get() : nullptr;
  args.route_for = route_for;
  args.h = m_.h;
  args.y = post_norm != nullptr ? m_.y : nullptr;
  args.x = next_norm != nullptr ? m_.x : nullptr;
  device_.call(ops_.add_norm, device_.get(), &args);
}

void Operators::add_norm(const WeightPtr& post_norm, const WeightPtr* next_norm) const {
  add_norm(&post_norm, next_norm, nullptr);
}

void Operators::add_norm_to_route(size_t index) const {
  add_norm(&layer(index).post_attention_norm, &layer(index).pre_moe_norm, layer(index).bound.get());
}

void Operators::norm(const WeightPtr& next_norm) const {
  add_norm(nullptr, &next_norm, nullptr);
}

void Operators::moe_route(size_t index) const {
  grok1_route_args args = GROK1_INIT(grok1_route_args);
  args.queue = m_.queue;
  args.step = m_.step;
  args.layer = layer(index).bound.get();
  args.x = m_.x;
  args.route = m_.route;
  device_.call(ops_.moe_route, device_.get(), &args);
}

void Operators::moe_experts(size_t index) const {
  grok1_experts_args args = GROK1_INIT(grok1_experts_args);
  args.queue = m_.queue;
  args.step = m_.step;
  args.layer = layer(index).bound.get();
  args.x = m_.x;
  args.route = m_.route;
  args.y = m_.y;
  device_.call(ops_.moe_experts, device_.get(), &args);
}

void Operators::clear_y() const {
  device_.call(ops_.fill, m_.queue, m_.y, uint64_t{0}, pass_.rows_bytes(), uint8_t{0});
}

void Operators::logits() const {
  grok1_logits_args args = GROK1_INIT(grok1_logits_args);
  args.queue = m_.queue;
  args.step = m_.step;
  args.lm_head = weights().lm_head.get();
  args.x = m_.x;
  args.logits = pass_.logits;
  args.logits_offset = pass_.logits_offset;
  device_.call(ops_.logits, device_.get(), &args);
}

}  // namespace grok1
