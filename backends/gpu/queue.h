// Queues and events: the vendor's streams and events, and the staging memory through which a queue's host data goes.
#ifndef GROK1_BACKENDS_GPU_QUEUE_H
#define GROK1_BACKENDS_GPU_QUEUE_H

#include "backends/gpu/device.h"
#include "backends/gpu/memory.h"

namespace grok1::accel {

struct Event {
  Device* device;
  gpu::Event event;

  explicit Event(Device& owner) : device(&owner), event(gpu::create_event()) {}
  ~Event() { gpu::destroy(event); }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
};

// A piece of pinned memory with its counterpart on the device. `free` is recorded behind the work that reads them.
struct Slot {
  PinnedMemory host;
  DeviceMemory device;
  Event free;

  explicit Slot(Device& owner) : free(owner) {}
};

struct Queue {
  static constexpr uint32_t kSlots = 4;                      // copies in flight
  static constexpr uint64_t kSlotBytes = uint64_t{8} << 20;  // most that one copy carries

  Device* device;
  gpu::Stream stream;
  Slot slots[kSlots];
  uint32_t next = 0;

  explicit Queue(Device& owner);
  ~Queue();
  Queue(const Queue&) = delete;
  Queue& operator=(const Queue&) = delete;

  // The next slot, waited for, with room for `size` bytes, at most kSlotBytes.
  Slot& slot(uint64_t size);
  // The slot is free when all that is enqueued now is done.
  void release(Slot& slot);
};

}  // namespace grok1::accel

#endif
