// accumulate: y += x. What lies in host memory goes through the queue's slots.
#include "backends/gpu/buffer.h"
#include "backends/gpu/table.h"

namespace grok1::accel {
namespace {

// A part of a range.
Range part(const Range& range, uint64_t begin, uint64_t size) {
  return {range.data + begin, size, range.is_host};
}

void add_part(Queue& queue, const Range& y, const Range& x) {
  const Kernels& kernels = queue.device->kernels;
  Slot& slot = queue.slot(2 * y.size);
  const Range y_here = y.is_host ? Range{slot.device.data(), y.size, false} : y;
  const Range x_here = x.is_host ? Range{slot.device.data() + y.size, x.size, false} : x;
  if (y.is_host) copy_range(queue, y_here, y);
  if (x.is_host) copy_range(queue, x_here, x);
  kernels.add(reinterpret_cast<float*>(y_here.data), reinterpret_cast<const float*>(x_here.data),
              y.size / sizeof(float), queue.stream);
  if (y.is_host) copy_range(queue, y, y_here);
  queue.release(slot);
}

}  // namespace

grok1_status accumulate(grok1_queue* handle, grok1_buffer* y, uint64_t y_offset, const grok1_buffer* x,
                        uint64_t x_offset, uint64_t count, grok1_error* err) {
  return guarded(err, [&] {
    Queue& queue = object<Queue>(handle, "queue");
    const gpu::Selected selected(queue.device->number);
    const Range to = words_in(queue.device, y, y_offset, count, "y");
    const Range from = words_in(queue.device, x, x_offset, count, "x");
    if (to.is_host || from.is_host) {
      for (uint64_t at = 0; at < to.size; at += Queue::kSlotBytes / 2) {
        const uint64_t size = std::min(Queue::kSlotBytes / 2, to.size - at);
        add_part(queue, part(to, at, size), part(from, at, size));
      }
    } else if (count > 0) {
      queue.device->kernels.add(reinterpret_cast<float*>(to.data), reinterpret_cast<const float*>(from.data), count,
                                queue.stream);
    }
  });
}

}  // namespace grok1::accel
