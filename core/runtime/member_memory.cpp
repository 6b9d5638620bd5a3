#include "core/runtime/member_memory.h"

namespace grok1 {
namespace {

// The layers whose KV a member keeps, and the kv heads, which are the same in all of them.
struct KvShare {
  std::vector<uint32_t> layers;
  Range heads;
};

KvShare kv_share(const Division& division, uint32_t member) {
  KvShare share;
  for (uint32_t layer = 0; layer < division.layers.size(); ++layer) {
    if (!division.share(layer, member).attends()) continue;
    share.layers.push_back(layer);
    share.heads = division.share(layer, member).kv_heads;
  }
  return share;
}

grok1_kv_desc describe_kv(const grok1_model_desc& model, const Limits& limits, const KvShare& share) {
  grok1_kv_desc desc = GROK1_INIT(grok1_kv_desc);
  desc.model = &model;
  desc.layers = share.layers.data();
  desc.n_layers = static_cast<uint32_t>(share.layers.size());
  desc.kv_head_begin = share.heads.begin;
  desc.kv_head_end = share.heads.end;
  desc.page_tokens = limits.page_tokens;
  desc.n_pages = static_cast<uint32_t>(limits.n_pages());
  desc.type = limits.cache_type;
  return desc;
}

grok1_step_limits describe_step(const grok1_model_desc& model, const Limits& limits) {
  grok1_step_limits desc = GROK1_INIT(grok1_step_limits);
  desc.model = &model;
  desc.max_rows = limits.max_batch_tokens;
  desc.max_chunks = limits.max_sequences;
  desc.max_pages = limits.pages_per_sequence();
  desc.max_logit_rows = limits.max_logit_rows;
  desc.page_tokens = limits.page_tokens;
  return desc;
}

uint64_t rows_bytes(const grok1_model_desc& model, const Limits& limits) {
  return uint64_t{limits.max_batch_tokens} * model.d_model * sizeof(float);
}

uint64_t choices_bytes(const grok1_model_desc& model, const Limits& limits) {
  return uint64_t{limits.max_batch_tokens} * model.experts_used * sizeof(float);
}

// Rows that may have to wait side by side before a member takes them in.
uint64_t places_in(const Division& division, uint32_t member) {
  size_t places = 1;
  for (const LayerDivision& layer : division.layers) {
    if (division.homes[layer.home].first() == member) places = std::max(places, layer.guests.size());
  }
  return places;
}

Owned<grok1_kv> make_kv(const Device& device, const Weights& weights, uint32_t member, const Limits& limits) {
  const KvShare share = kv_share(weights.division, member);
  if (share.layers.empty()) return {nullptr, device.ops().kv_destroy};
  const grok1_kv_desc desc = describe_kv(weights.desc, limits, share);
  return Device::make(device.ops().kv_destroy,
                      [&](grok1_kv** out) { device.call(device.ops().kv_create, device.get(), &desc, out); });
}

Owned<grok1_step> make_step(const Device& device, const grok1_model_desc& model, const Limits& limits) {
  const grok1_step_limits desc = describe_step(model, limits);
  return Device::make(device.ops().step_destroy,
                      [&](grok1_step** out) { device.call(device.ops().step_create, device.get(), &desc, out); });
}

Member of_device(const MemberWeights& weights) {
  Member member;
  member.device = weights.device.get();
  member.weights = &weights;
  member.asynchronous = (weights.device->info().flags & GROK1_DEVICE_ASYNC) != 0;
  return member;
}

}  // namespace

MemberMemory::MemberMemory(const Weights& weights, uint32_t member, const Limits& limits)
    : member_(of_device(weights.members[member])),
      queue_(member_.device->queue()),
      kv_(make_kv(*member_.device, weights, member, limits)),
      step_(make_step(*member_.device, weights.desc, limits)),
      x_(Device::make(
          member_.device->ops().act_destroy,
          [&](grok1_act** out) { member_.device->call(member_.device->ops().act_create, step_.get(), out); })),
      route_(Device::make(
          member_.device->ops().route_destroy,
          [&](grok1_route** out) { member_.device->call(member_.device->ops().route_create, step_.get(), out); })),
      h_(member_.device->buffer(rows_bytes(weights.desc, limits))),
      y_(member_.device->buffer(rows_bytes(weights.desc, limits))),
      event_(nullptr, member_.device->ops().event_destroy) {
  const Device& device = *member_.device;
  member_.queue = queue_.get();
  member_.kv = kv_.get();
  member_.step = step_.get();
  member_.x = x_.get();
  member_.route = route_.get();
  member_.h = h_.get();
  member_.y = y_.get();
  if (weights.division.n_members == 1) return;
  event_ = Device::make(device.ops().event_destroy,
                        [&](grok1_event** out) { device.call(device.ops().event_create, device.get(), out); });
  member_.event = event_.get();
  member_.rows_out = host(rows_bytes(weights.desc, limits));
  member_.rows_in = host(places_in(weights.division, member) * rows_bytes(weights.desc, limits));
  member_.experts = host(choices_bytes(weights.desc, limits));
  member_.gates = host(choices_bytes(weights.desc, limits));
}

HostBuffer MemberMemory::host(uint64_t size) {
  const Device& device = *member_.device;
  void* address = nullptr;
  host_.push_back(device.buffer(size, GROK1_MEMORY_HOST));
  device.call(device.ops().buffer_map, host_.back().get(), &address);
  return {host_.back().get(), static_cast<std::byte*>(address)};
}

MemoryBytes MemberMemory::plan(const Device& device, const grok1_model_desc& model, const Division& division,
                               uint32_t member, const Limits& limits) {
  MemoryBytes bytes;
  const KvShare share = kv_share(division, member);
  const grok1_kv_desc kv = describe_kv(model, limits, share);
  const grok1_step_limits step = describe_step(model, limits);
  if (!share.layers.empty()) device.call(device.ops().kv_plan, device.get(), &kv, &bytes.kv);
  device.call(device.ops().step_plan, device.get(), &step, &bytes.scratch);
  bytes.scratch += 2 * rows_bytes(model, limits);
  if (division.n_members > 1) {
    bytes.scratch += (1 + places_in(division, member)) * rows_bytes(model, limits) + 2 * choices_bytes(model, limits);
  }
  return bytes;
}

}  // namespace grok1
