// accumulate: y[i] += x[i], for sums that the host stages between devices.
#include "backends/cpu/buffer.h"
#include "backends/cpu/float_state.h"
#include "backends/cpu/queue.h"
#include "backends/cpu/table.h"

namespace grok1::cpu {

grok1_status accumulate(grok1_queue* queue, grok1_buffer* y, uint64_t y_offset, const grok1_buffer* x,
                        uint64_t x_offset, uint64_t count, grok1_error* err) {
  return computing(err, [&] {
    Device& device = *object<Queue>(queue, "queue").device;
    float* sum = floats_in(&device, y, y_offset, count, "y");
    const float* part = floats_in(&device, x, x_offset, count, "x");
    device.kernels.add_scaled(sum, part, 1.0f, count);  // x * 1 is exact, so this is the plain sum
  });
}

}  // namespace grok1::cpu
