// Queues and events: see queue.h for why there is nothing to wait for.
#include "backends/reference/queue.h"

#include "backends/reference/refusal.h"
#include "backends/reference/table.h"

namespace grok1::reference {

grok1_status queue_create(grok1_device* device, grok1_queue** queue, grok1_error* err) {
  return guarded(err, [&] {
    given(device, "device");
    given(queue, "queue");
    hand_out(queue, new Queue{device});
  });
}

void queue_destroy(grok1_queue* queue) {
  delete reinterpret_cast<Queue*>(queue);
}

grok1_status queue_sync(grok1_queue* queue, grok1_error* err) {
  return guarded(err, [&] { given(queue, "queue"); });
}

grok1_status event_create(grok1_device* device, grok1_event** event, grok1_error* err) {
  return guarded(err, [&] {
    given(device, "device");
    given(event, "event");
    hand_out(event, new Event{device});
  });
}

void event_destroy(grok1_event* event) {
  delete reinterpret_cast<Event*>(event);
}

grok1_status event_record(grok1_event* event, grok1_queue* queue, grok1_error* err) {
  return guarded(err, [&] { object_of<Event>(object<Queue>(queue, "queue").device, event, "event"); });
}

grok1_status queue_wait(grok1_queue* queue, grok1_event* event, grok1_error* err) {
  return guarded(err, [&] {  // "both of one backend": the event may be another device's
    given(queue, "queue");
    given(event, "event");
  });
}

grok1_status event_wait(grok1_event* event, grok1_error* err) {
  return guarded(err, [&] { given(event, "event"); });
}

}  // namespace grok1::reference
