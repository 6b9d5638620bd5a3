#include "core/model/staging.h"

#include <array>
#include <cstring>

#include "core/model/operators.h"

// When rows_in of a member is written, what was there before has been used: since then the host has waited for an event
// that the member recorded behind it, because data only passes through a member, never ends in one but the head's,
// whose queue is waited for at the end of the pass.
namespace grok1 {
namespace {

// Starts sending a buffer of the device to host memory.
void send(const Pass& pass, const Member& m, const grok1_buffer* rows) {
  m.device->call(m.device->ops().copy, m.queue, m.rows_out.buffer, uint64_t{0}, rows, uint64_t{0}, pass.rows_bytes());
  m.device->call(m.device->ops().event_record, m.event, m.queue);
}

// Starts sending x and the routing.
void send_choices(const Member& m) {
  const grok1_backend_ops& ops = m.device->ops();
  m.device->call(ops.act_export, m.step, m.queue, m.x, m.rows_out.buffer, uint64_t{0});
  m.device->call(ops.route_export, m.step, m.queue, m.route, m.experts.buffer, uint64_t{0}, m.gates.buffer,
                 uint64_t{0});
  m.device->call(ops.event_record, m.event, m.queue);
}

void wait_until_sent(const Member& m) {
  m.device->call(m.device->ops().event_wait, m.event);
}

// Takes x and the routing that `home` has sent, computes the guest's share of the experts, and starts sending y back.
void run_guest(const Pass& pass, const Member& home, uint32_t member, size_t layer) {
  const Member& guest = pass.members[member];
  const grok1_backend_ops& ops = guest.device->ops();
  std::memcpy(guest.rows_in.address, home.rows_out.address, pass.rows_bytes());
  std::memcpy(guest.experts.address, home.experts.address, pass.choices_bytes());
  std::memcpy(guest.gates.address, home.gates.address, pass.choices_bytes());
  guest.device->call(ops.act_import, guest.step, guest.queue, guest.x, guest.rows_in.buffer, uint64_t{0});
  guest.device->call(ops.route_import, guest.step, guest.queue, guest.route, guest.experts.buffer, uint64_t{0},
                     guest.gates.buffer, uint64_t{0});
  Operators(pass, member).moe_experts(layer);
  send(pass, guest, guest.y);
}

// y of the home += y of a guest, which has a place of its own in rows_in.
void add_guest(const Pass& pass, const Member& home, const Member& guest, size_t place) {
  const uint64_t offset = place * pass.rows_bytes();
  wait_until_sent(guest);
  std::memcpy(home.rows_in.address + offset, guest.rows_out.address, pass.rows_bytes());
  home.device->call(home.device->ops().accumulate, home.queue, home.y, uint64_t{0}, home.rows_in.buffer, offset,
                    pass.rows_bytes() / sizeof(float));
}

void run_at_home(const Pass& pass, const Home& home, size_t layer, bool asynchronous) {
  for (const uint32_t member : home.members) {
    if (pass.members[member].asynchronous != asynchronous) continue;
    const Operators here(pass, member);
    pass.division().share(layer, member).has_experts() ? here.moe_experts(layer) : here.clear_y();
  }
}

void run_guests(const Pass& pass, const Member& first, size_t layer, bool asynchronous) {
  for (const uint32_t guest : pass.division().layers[layer].guests) {
    if (pass.members[guest].asynchronous == asynchronous) run_guest(pass, first, guest, layer);
  }
}

}  // namespace

void move_rows(const Pass& pass, uint32_t from, uint32_t to) {
  const Member& sender = pass.members[from];
  const Member& receiver = pass.members[to];
  send(pass, sender, sender.h);
  wait_until_sent(sender);
  std::memcpy(receiver.rows_in.address, sender.rows_out.address, pass.rows_bytes());
  receiver.device->call(receiver.device->ops().copy, receiver.queue, receiver.h, uint64_t{0}, receiver.rows_in.buffer,
                        uint64_t{0}, pass.rows_bytes());
}

// Devices that work by themselves get their work before one that holds up this thread. The sums are in the order of
// members whatever that order was.
void sum_of_experts(const Pass& pass, size_t layer) {
  const Home& home = pass.division().home(layer);
  const Member& first = pass.members[home.first()];
  const std::vector<uint32_t>& guests = pass.division().layers[layer].guests;
  if (!guests.empty()) send_choices(first);
  run_at_home(pass, home, layer, true);
  if (!guests.empty()) wait_until_sent(first);
  run_guests(pass, first, layer, true);
  run_guests(pass, first, layer, false);
  run_at_home(pass, home, layer, false);
  for (size_t i = 0; i < guests.size(); ++i) add_guest(pass, first, pass.members[guests[i]], i);
}

void sum_in_group(const Pass& pass, size_t index) {
  constexpr size_t kMost = 64;  // members of a group; divide() makes none larger
  const Home& home = pass.division().homes[index];
  if (!home.is_group()) return;
  std::array<grok1_queue*, kMost> queues{};
  std::array<grok1_buffer*, kMost> buffers{};
  std::array<uint64_t, kMost> offsets{};
  for (size_t rank = 0; rank < home.members.size(); ++rank) {
    queues[rank] = pass.members[home.members[rank]].queue;
    buffers[rank] = pass.members[home.members[rank]].y;
  }
  const Communicator& group = pass.communicators[index];
  const Device& device = *pass.members[home.first()].device;
  device.call(group.ops->all_reduce, group.handle, queues.data(), buffers.data(), offsets.data(),
              pass.rows_bytes() / sizeof(float));
}

}  // namespace grok1
