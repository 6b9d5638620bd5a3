// accumulate: y[i] += x[i], for sums that the host stages between devices.
#include "backends/reference/buffer.h"
#include "backends/reference/queue.h"
#include "backends/reference/refusal.h"
#include "backends/reference/table.h"

namespace grok1::reference {

grok1_status accumulate(grok1_queue* queue, grok1_buffer* y, uint64_t y_offset, const grok1_buffer* x,
                        uint64_t x_offset, uint64_t count, grok1_error* err) {
  return guarded(err, [&] {
    const grok1_device* device = object<Queue>(queue, "queue").device;
    float* sum = floats(device, y, y_offset, count, "y");
    const float* part = floats(device, x, x_offset, count, "x");
    for (uint64_t i = 0; i < count; ++i) sum[i] += part[i];
  });
}

}  // namespace grok1::reference
