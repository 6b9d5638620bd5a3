// Steps, caches and operator calls; what they are for is in pass.h.
#include "pass.h"

#include <numeric>

namespace slice {
namespace {

constexpr uint32_t kPageTokens = 64;

}  // namespace

Pass::Pass(const Device& device, const grok1_model_desc& model, uint32_t max_rows)
    : device_(device), model_(model), pages_((model.context + kPageTokens - 1) / kPageTokens) {
  make_step(max_rows);
  make_kv();
  make_rows(max_rows);
}

void Pass::make_step(uint32_t max_rows) {
  grok1_step_limits limits = GROK1_INIT(grok1_step_limits);
  limits.model = &model_;
  limits.max_rows = max_rows;
  limits.max_chunks = limits.max_logit_rows = 1;
  limits.max_pages = pages_;
  limits.page_tokens = kPageTokens;
  const grok1_backend_ops& ops = device_.ops();
  grok1_step* step = nullptr;
  call("step_create", ops.step_create, device_.handle(), &limits, &step);
  step_ = device_.own(step, ops.step_destroy);
  grok1_act* x = nullptr;
  call("act_create", ops.act_create, step, &x);
  x_ = device_.own(x, ops.act_destroy);
  grok1_route* route = nullptr;
  call("route_create", ops.route_create, step, &route);
  route_ = device_.own(route, ops.route_destroy);
}

void Pass::make_kv() {
  std::vector<uint32_t> numbers(model_.layers);
  std::iota(numbers.begin(), numbers.end(), 0u);
  grok1_kv_desc desc = GROK1_INIT(grok1_kv_desc);
  desc.model = &model_;
  desc.layers = numbers.data();
  desc.n_layers = model_.layers;
  desc.kv_head_end = model_.kv_heads;
  desc.page_tokens = kPageTokens;
  desc.n_pages = pages_;
  desc.type = GROK1_CACHE_BF16;
  grok1_kv* kv = nullptr;
  call("kv_create", device_.ops().kv_create, device_.handle(), &desc, &kv);
  kv_ = device_.own(kv, device_.ops().kv_destroy);
  std::vector<uint16_t> page(size_t{2} * kPageTokens * model_.kv_heads * model_.head_dim);
  for (size_t i = 0; i < page.size(); ++i)
    page[i] = static_cast<uint16_t>((random_bits(1, i) & 0x807f) | 0x3f00);  // 0.5 .. 1 of either sign
  for (const uint32_t layer : numbers)
    for (uint32_t i = 0; i < pages_; ++i)
      call("kv_import", device_.ops().kv_import, kv, device_.queue(), layer, i, kPageTokens,
           static_cast<const void*>(page.data()), uint64_t{page.size() * sizeof page[0]});
  device_.sync();
}

void Pass::make_rows(uint32_t max_rows) {
  const uint64_t floats = uint64_t{max_rows} * model_.d_model;
  h_ = device_.buffer(floats * sizeof(float), GROK1_MEMORY_DEVICE);
  y_ = device_.buffer(floats * sizeof(float), GROK1_MEMORY_DEVICE);
  start_ = device_.buffer(floats * sizeof(float), GROK1_MEMORY_DEVICE);
  const Handle<grok1_buffer> staging = device_.buffer(floats * sizeof(float), GROK1_MEMORY_HOST);
  auto* row = static_cast<float*>(device_.map(staging.get()));
  for (uint64_t i = 0; i < floats; ++i) row[i] = random_float(2, i);
  call("copy", device_.ops().copy, device_.queue(), start_.get(), uint64_t{0},
       static_cast<const grok1_buffer*>(staging.get()), uint64_t{0}, uint64_t{floats * sizeof(float)});
}

void Pass::upload(const LayerTensors& tensors) {
  for (uint32_t i = 0; i < model_.layers; ++i) layers_.push_back(slice::upload(device_, model_, tensors, i));
}

void Pass::set(uint32_t first, uint32_t rows) {
  const std::vector<int32_t> tokens(rows, 0);
  std::vector<uint32_t> positions(rows), pages(pages_);
  std::iota(positions.begin(), positions.end(), first);
  std::iota(pages.begin(), pages.end(), 0u);
  const uint32_t chunk_begin[] = {0, rows};
  grok1_step_data data = GROK1_INIT(grok1_step_data);
  data.tokens = tokens.data();
  data.positions = positions.data();
  data.chunk_begin = chunk_begin;
  data.page_table = pages.data();
  data.n_rows = rows;
  data.n_chunks = 1;
  call("step_set", device_.ops().step_set, step_.get(), device_.queue(), &data);
  rows_ = rows;
  restart();
}

void Pass::restart() {
  call("copy", device_.ops().copy, device_.queue(), h_.get(), uint64_t{0},
       static_cast<const grok1_buffer*>(start_.get()), uint64_t{0}, uint64_t{rows_} * model_.d_model * sizeof(float));
  add_norm(nullptr, layers_[0].norms[0], nullptr, nullptr);
}

void Pass::run() {
  for (size_t i = 0; i < layers_.size(); ++i) {
    const Layer& layer = layers_[i];
    attention(layer);
    add_norm(layer.norms[1], layer.norms[2], layer.layer.get(), y_.get());
    experts(layer);
    add_norm(layer.norms[3], layers_[(i + 1) % layers_.size()].norms[0], nullptr, y_.get());
  }
}

void Pass::attention(const Layer& layer) {
  grok1_attention_args args = common<grok1_attention_args>(GROK1_INIT(grok1_attention_args));
  args.layer = layer.layer.get();
  args.kv = kv_.get();
  args.x = x_.get();
  args.y = y_.get();
  call("attention", device_.ops().attention, device_.handle(), &args);
}

void Pass::add_norm(const grok1_weight* post, const grok1_weight* next, const grok1_layer* route_for, grok1_buffer* y) {
  grok1_add_norm_args args = common<grok1_add_norm_args>(GROK1_INIT(grok1_add_norm_args));
  args.post_norm = post;
  args.next_norm = next;
  args.route_for = route_for;
  args.h = h_.get();
  args.y = y;
  args.x = x_.get();
  call("add_norm", device_.ops().add_norm, device_.handle(), &args);
}

void Pass::experts(const Layer& layer) {
  grok1_route_args route = common<grok1_route_args>(GROK1_INIT(grok1_route_args));
  route.layer = layer.layer.get();
  route.x = x_.get();
  route.route = route_.get();
  call("moe_route", device_.ops().moe_route, device_.handle(), &route);
  grok1_experts_args args = common<grok1_experts_args>(GROK1_INIT(grok1_experts_args));
  args.layer = layer.layer.get();
  args.x = x_.get();
  args.route = route_.get();
  args.y = y_.get();
  call("moe_experts", device_.ops().moe_experts, device_.handle(), &args);
}

}  // namespace slice
