// all_reduce: every rank fetches the others' floats and adds all in the order of ranks. Events keep a rank from writing
// what another still reads; the host waits for nothing.
#include "backends/gpu/comm.h"

#include <memory>
#include <vector>

#include "backends/gpu/buffer.h"

namespace grok1::accel {
namespace {

struct Rank {
  Device* device;
  DeviceMemory parts;  // [ranks, max_count]
  Event ready;         // its floats are there
  Event fetched;       // it has read all others'

  Rank(Device& owner, uint64_t bytes) : device(&owner), parts(bytes), ready(owner), fetched(owner) {}
};

struct Comm {
  std::vector<std::unique_ptr<Rank>> ranks;
  uint64_t max_count;

  ~Comm() {
    for (std::unique_ptr<Rank>& rank : ranks) on_device(rank->device, nullptr, [&] { rank.reset(); });
  }
};

grok1_status comm_create(grok1_device* const* devices, uint32_t n_devices, uint64_t max_count, grok1_comm** comm,
                         grok1_error* err) {
  return guarded(err, [&] {
    given(devices, "devices");
    given(comm, "comm");
    if (n_devices < 2 || max_count == 0)
      refuse(GROK1_E_INVALID_ARGUMENT, "%u devices, at most %llu floats: wanted 2 devices and 1 float at least",
             n_devices, static_cast<unsigned long long>(max_count));
    auto made = std::make_unique<Comm>();
    made->max_count = max_count;
    const uint64_t bytes = size_product({n_devices, max_count, sizeof(float)});
    for (uint32_t r = 0; r < n_devices; ++r) {
      Device& device = object<Device>(devices[r], "devices[]");
      if (std::find(devices, devices + r, devices[r]) != devices + r)
        refuse(GROK1_E_INVALID_ARGUMENT, "devices[%u] is there twice", r);
      const gpu::Selected selected(device.number);
      made->ranks.push_back(std::make_unique<Rank>(device, bytes));
    }
    hand_out(comm, made.release());
  });
}

void comm_destroy(grok1_comm* comm) {
  delete reinterpret_cast<Comm*>(comm);
}

// One call of all_reduce.
struct Reduction {
  Comm& comm;
  std::vector<Queue*> queues;
  std::vector<float*> data;
  uint64_t count;

  uint64_t bytes() const { return count * sizeof(float); }
  float* part(uint32_t rank, uint32_t of) const {
    return reinterpret_cast<float*>(comm.ranks[rank]->parts.data()) + of * comm.max_count;
  }

  void fetch(uint32_t r) const {
    const gpu::Selected selected(comm.ranks[r]->device->number);
    const gpu::Stream stream = queues[r]->stream;
    for (uint32_t s = 0; s < queues.size(); ++s) {
      if (s == r) {
        gpu::copy_on_device(part(r, s), data[s], bytes(), stream);
        continue;
      }
      gpu::wait(stream, comm.ranks[s]->ready.event);
      gpu::copy_between(part(r, s), comm.ranks[r]->device->number, data[s], comm.ranks[s]->device->number, bytes(),
                        stream);
    }
    gpu::record(comm.ranks[r]->fetched.event, stream);
  }

  void add(uint32_t r) const {
    const gpu::Selected selected(comm.ranks[r]->device->number);
    const gpu::Stream stream = queues[r]->stream;
    for (uint32_t s = 0; s < queues.size(); ++s)
      if (s != r) gpu::wait(stream, comm.ranks[s]->fetched.event);
    gpu::copy_on_device(data[r], part(r, 0), bytes(), stream);
    for (uint32_t s = 1; s < queues.size(); ++s) comm.ranks[r]->device->kernels.add(data[r], part(r, s), count, stream);
  }
};

grok1_status all_reduce(grok1_comm* handle, grok1_queue* const* queues, grok1_buffer* const* buffers,
                        const uint64_t* offsets, uint64_t count, grok1_error* err) {
  return guarded(err, [&] {
    Comm& comm = object<Comm>(handle, "comm");
    given(queues, "queues"), given(buffers, "buffers"), given(offsets, "offsets");
    if (count > comm.max_count)
      refuse(GROK1_E_INVALID_ARGUMENT, "count is %llu, the communicator was made for %llu at most",
             static_cast<unsigned long long>(count), static_cast<unsigned long long>(comm.max_count));
    Reduction reduction{comm, {}, {}, count};
    for (uint32_t r = 0; r < comm.ranks.size(); ++r) {
      const Device* device = comm.ranks[r]->device;
      reduction.queues.push_back(&object_of<Queue>(device, queues[r], "queues[]"));
      reduction.data.push_back(floats_in(device, buffers[r], offsets[r], count, "buffers[]"));
    }
    if (count == 0) return;
    for (uint32_t r = 0; r < comm.ranks.size(); ++r) {
      const gpu::Selected selected(comm.ranks[r]->device->number);
      gpu::record(comm.ranks[r]->ready.event, reduction.queues[r]->stream);
    }
    for (uint32_t r = 0; r < comm.ranks.size(); ++r) reduction.fetch(r);
    for (uint32_t r = 0; r < comm.ranks.size(); ++r) reduction.add(r);
  });
}

}  // namespace

const grok1_comm_ops kCommOps = {sizeof(grok1_comm_ops), 0, comm_create, comm_destroy, all_reduce};

}  // namespace grok1::accel
