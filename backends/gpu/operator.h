// What every operator does first: its arguments checked, its device selected, its queue and step found.
#ifndef GROK1_BACKENDS_GPU_OPERATOR_H
#define GROK1_BACKENDS_GPU_OPERATOR_H

#include "backends/gpu/buffer.h"
#include "backends/gpu/rows.h"
#include "backends/gpu/table.h"

namespace grok1::accel {

struct Call {
  Device& device;
  Queue& queue;
  Step& step;

  uint32_t n_rows() const { return step.pass.n_rows; }
  float* rows(grok1_buffer* buffer, uint64_t offset, const char* name) const {
    return floats_in(&device, buffer, offset, uint64_t{n_rows()} * step.model.d_model, name);
  }
};

// Calls body(Call, args).
template <class Args, class Body>
grok1_status operate(grok1_device* handle, const Args* arguments, uint32_t type, grok1_error* err, const Body& body) {
  Device* device = reinterpret_cast<Device*>(handle);
  return on_device(device, err, [&] {
    const Args& args = input(arguments, type, "args");
    Queue& queue = object_of<Queue>(device, args.queue, "queue");
    body(Call{*device, queue, current(device, args.step)}, args);
  });
}

}  // namespace grok1::accel

#endif
