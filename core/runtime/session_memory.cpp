#include "core/runtime/session_memory.h"

namespace grok1 {
namespace {

uint64_t logit_bytes(const grok1_model_desc& model, const Limits& limits) {
  return uint64_t{limits.max_logit_rows} * model.vocab_size * sizeof(float);
}

std::vector<MemberMemory> make_members(const Weights& weights, const Limits& limits) {
  std::vector<MemberMemory> members;
  members.reserve(weights.members.size());
  for (uint32_t member = 0; member < weights.members.size(); ++member) members.emplace_back(weights, member, limits);
  return members;
}

Owned<grok1_comm> make_communicator(const Weights& weights, const Home& home, const Limits& limits) {
  const Device& first = *weights.members[home.first()].device;
  const grok1_comm_ops& ops = *first.comm_ops();
  std::vector<grok1_device*> devices;
  for (const uint32_t member : home.members) devices.push_back(weights.members[member].device->get());
  const uint64_t most = uint64_t{limits.max_batch_tokens} * weights.desc.d_model;
  return Device::make(ops.comm_destroy, [&](grok1_comm** out) {
    first.call(ops.comm_create, devices.data(), static_cast<uint32_t>(devices.size()), most, out);
  });
}

}  // namespace

SessionMemory::SessionMemory(const Weights& weights, const Limits& limits)
    : limits_(limits),
      logit_row_bytes_(uint64_t{weights.desc.vocab_size} * sizeof(float)),
      members_(make_members(weights, limits)),
      logits_(weights.members[weights.division.head()].device->buffer(logit_bytes(weights.desc, limits))),
      staging_(nullptr, logits_.get_deleter()) {
  const Device& device = *weights.members[weights.division.head()].device;
  void* address = nullptr;
  grok1_error error = GROK1_INIT(grok1_error);
  if (device.ops().buffer_map(logits_.get(), &address, &error) < 0) {
    staging_ = device.buffer(logit_bytes(weights.desc, limits), GROK1_MEMORY_HOST);
    device.call(device.ops().buffer_map, staging_.get(), &address);
  }
  host_logits_ = static_cast<const float*>(address);

  pass_.weights = &weights;
  pass_.logits = logits_.get();
  for (const MemberMemory& memory : members_) pass_.members.push_back(memory.member());
  pass_.communicators.resize(weights.division.homes.size());
  for (size_t i = 0; i < pass_.communicators.size(); ++i) {
    const Home& home = weights.division.homes[i];
    if (!home.is_group()) continue;
    communicators_.push_back(make_communicator(weights, home, limits));
    pass_.communicators[i] = {weights.members[home.first()].device->comm_ops(), communicators_.back().get()};
  }
}

MemoryBytes SessionMemory::plan(const Device& device, const grok1_model_desc& model, const Division& division,
                                uint32_t member, const Limits& limits) {
  MemoryBytes bytes = MemberMemory::plan(device, model, division, member, limits);
  if (member == division.head()) bytes.scratch += logit_bytes(model, limits);
  return bytes;
}

const Pass& SessionMemory::set(const grok1_step_data& data, uint64_t first_logit_row) {
  for (const Member& m : pass_.members) m.device->call(m.device->ops().step_set, m.step, m.queue, &data);
  pass_.n_rows = data.n_rows;
  pass_.logits_offset = first_logit_row * logit_row_bytes_;
  pass_.wants_logits = data.n_logit_rows > 0;
  return pass_;
}

void SessionMemory::copy_page(const uint32_t& from, const uint32_t& to, const uint32_t& n_tokens) {
  for (const Member& m : pass_.members) {
    if (m.kv == nullptr) continue;
    m.device->call(m.device->ops().kv_copy_pages, m.kv, m.queue, &from, &to, &n_tokens, size_t{1});
  }
}

void SessionMemory::wait() const {
  for (const Member& m : pass_.members) m.device->call(m.device->ops().queue_sync, m.queue);
}

void SessionMemory::drain() const noexcept {
  for (const Member& m : pass_.members) {
    grok1_error error = GROK1_INIT(grok1_error);
    m.device->ops().queue_sync(m.queue, &error);
  }
}

void SessionMemory::fetch_logits(uint64_t n_rows) {
  const Member& m = pass_.members[pass_.division().head()];
  if (n_rows > 0 && staging_ != nullptr) {
    m.device->call(m.device->ops().copy, m.queue, staging_.get(), uint64_t{0}, logits_.get(), uint64_t{0},
                   n_rows * logit_row_bytes_);
  }
  m.device->call(m.device->ops().queue_sync, m.queue);
}

}  // namespace grok1
