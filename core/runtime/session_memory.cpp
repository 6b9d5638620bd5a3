#include "core/runtime/session_memory.h"

#include <numeric>

namespace grok1 {
namespace {

// The layers whose KV this device keeps: all of them, on one device.
std::vector<uint32_t> all_layers(const grok1_model_desc& model) {
  std::vector<uint32_t> layers(model.layers);
  std::iota(layers.begin(), layers.end(), 0u);
  return layers;
}

grok1_kv_desc describe_kv(const grok1_model_desc& model, const Limits& limits, const std::vector<uint32_t>& layers) {
  grok1_kv_desc desc = GROK1_INIT(grok1_kv_desc);
  desc.model = &model;
  desc.layers = layers.data();
  desc.n_layers = static_cast<uint32_t>(layers.size());
  desc.kv_head_end = model.kv_heads;
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

uint64_t row_bytes(const grok1_model_desc& model, const Limits& limits) {
  return uint64_t{limits.max_batch_tokens} * model.d_model * sizeof(float);
}

uint64_t logit_bytes(const grok1_model_desc& model, const Limits& limits) {
  return uint64_t{limits.max_logit_rows} * model.vocab_size * sizeof(float);
}

Owned<grok1_kv> make_kv(const Device& device, const grok1_model_desc& model, const Limits& limits) {
  const std::vector<uint32_t> layers = all_layers(model);
  const grok1_kv_desc desc = describe_kv(model, limits, layers);
  return Device::make(device.ops().kv_destroy,
                      [&](grok1_kv** out) { call(device.ops().kv_create, device.get(), &desc, out); });
}

Owned<grok1_step> make_step(const Device& device, const grok1_model_desc& model, const Limits& limits) {
  const grok1_step_limits desc = describe_step(model, limits);
  return Device::make(device.ops().step_destroy,
                      [&](grok1_step** out) { call(device.ops().step_create, device.get(), &desc, out); });
}

}  // namespace

SessionMemory::SessionMemory(const Device& device, const grok1_model_desc& model, const Limits& limits)
    : limits_(limits),
      logit_row_bytes_(uint64_t{model.vocab_size} * sizeof(float)),
      queue_(device.queue()),
      kv_(make_kv(device, model, limits)),
      step_(make_step(device, model, limits)),
      x_(Device::make(device.ops().act_destroy,
                      [&](grok1_act** out) { call(device.ops().act_create, step_.get(), out); })),
      route_(Device::make(device.ops().route_destroy,
                          [&](grok1_route** out) { call(device.ops().route_create, step_.get(), out); })),
      h_(device.buffer(row_bytes(model, limits))),
      y_(device.buffer(row_bytes(model, limits))),
      logits_(device.buffer(logit_bytes(model, limits))),
      staging_(nullptr, device.ops().buffer_free) {
  void* address = nullptr;
  grok1_error error = GROK1_INIT(grok1_error);
  if (device.ops().buffer_map(logits_.get(), &address, &error) < 0) {
    staging_ = device.buffer(logit_bytes(model, limits), GROK1_MEMORY_HOST);
    call(device.ops().buffer_map, staging_.get(), &address);
  }
  host_logits_ = static_cast<const float*>(address);
}

SessionMemory::Bytes SessionMemory::plan(const Device& device, const grok1_model_desc& model, const Limits& limits) {
  Bytes bytes;
  const std::vector<uint32_t> layers = all_layers(model);
  const grok1_kv_desc kv = describe_kv(model, limits, layers);
  const grok1_step_limits step = describe_step(model, limits);
  call(device.ops().kv_plan, device.get(), &kv, &bytes.kv);
  call(device.ops().step_plan, device.get(), &step, &bytes.scratch);
  bytes.scratch += 2 * row_bytes(model, limits) + logit_bytes(model, limits);
  return bytes;
}

void SessionMemory::fetch_logits(const Device& device, uint64_t n_rows) {
  if (n_rows > 0 && staging_ != nullptr) {
    call(device.ops().copy, queue_.get(), staging_.get(), 0, logits_.get(), 0, n_rows * logit_row_bytes_);
  }
  call(device.ops().queue_sync, queue_.get());
}

}  // namespace grok1
