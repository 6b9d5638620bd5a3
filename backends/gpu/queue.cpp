// Queues and events as handles.
#include "backends/gpu/queue.h"

#include "backends/gpu/table.h"

namespace grok1::accel {

Queue::Queue(Device& owner)
    : device(&owner), stream(gpu::create_stream()), slots{Slot(owner), Slot(owner), Slot(owner), Slot(owner)} {}

Queue::~Queue() {
  try {
    gpu::synchronize(stream);
  } catch (const gpu::Error&) {  // a lost device has no work left
  }
  gpu::destroy(stream);
}

Slot& Queue::slot(uint64_t size) {
  Slot& slot = slots[next];
  next = (next + 1) % kSlots;
  gpu::synchronize(slot.free.event);
  if (slot.host.size() < size) {
    slot.device = DeviceMemory();
    slot.host = PinnedMemory();
    slot.host = PinnedMemory(size);
    slot.device = DeviceMemory(size);
  }
  return slot;
}

void Queue::release(Slot& slot) {
  gpu::record(slot.free.event, stream);
}

grok1_status queue_create(grok1_device* handle, grok1_queue** queue, grok1_error* err) {
  Device* device = reinterpret_cast<Device*>(handle);
  return on_device(device, err, [&] {
    given(queue, "queue");
    hand_out(queue, new Queue(*device));
  });
}

void queue_destroy(grok1_queue* handle) {
  Queue* queue = reinterpret_cast<Queue*>(handle);
  if (queue != nullptr) on_device(queue->device, nullptr, [&] { delete queue; });
}

grok1_status queue_sync(grok1_queue* handle, grok1_error* err) {
  return guarded(err, [&] {
    const Queue& queue = object<Queue>(handle, "queue");
    const gpu::Selected selected(queue.device->number);
    gpu::synchronize(queue.stream);
  });
}

grok1_status event_create(grok1_device* handle, grok1_event** event, grok1_error* err) {
  Device* device = reinterpret_cast<Device*>(handle);
  return on_device(device, err, [&] {
    given(event, "event");
    hand_out(event, new Event(*device));
  });
}

void event_destroy(grok1_event* handle) {
  Event* event = reinterpret_cast<Event*>(handle);
  if (event != nullptr) on_device(event->device, nullptr, [&] { delete event; });
}

grok1_status event_record(grok1_event* handle, grok1_queue* queue_handle, grok1_error* err) {
  return guarded(err, [&] {
    const Queue& queue = object<Queue>(queue_handle, "queue");
    const gpu::Selected selected(queue.device->number);
    gpu::record(object_of<Event>(queue.device, handle, "event").event, queue.stream);
  });
}

grok1_status queue_wait(grok1_queue* handle, grok1_event* event, grok1_error* err) {
  return guarded(err, [&] {  // the event may be of another device of this backend
    const Queue& queue = object<Queue>(handle, "queue");
    const gpu::Selected selected(queue.device->number);
    gpu::wait(queue.stream, object<Event>(event, "event").event);
  });
}

grok1_status event_wait(grok1_event* handle, grok1_error* err) {
  return guarded(err, [&] {
    const Event& event = object<Event>(handle, "event");
    const gpu::Selected selected(event.device->number);
    gpu::synchronize(event.event);
  });
}

}  // namespace grok1::accel
