// add_norm: h += norm(y, post_norm), then x = norm(h, next_norm).
#include "backends/cpu/binding.h"
#include "backends/cpu/buffer.h"
#include "backends/cpu/float_state.h"
#include "backends/cpu/queue.h"
#include "backends/cpu/rows.h"
#include "backends/cpu/table.h"

namespace grok1::cpu {

grok1_status add_norm(grok1_device* device, const grok1_add_norm_args* arguments, grok1_error* err) {
  return computing(err, [&] {
    Device& self = object<Device>(device, "device");
    const grok1_add_norm_args& args = input(arguments, GROK1_TYPE_ADD_NORM_ARGS, "args");
    object_of<Queue>(&self, args.queue, "queue");
    const Step& step = current(&self, args.step);
    if (args.route_for != nullptr) object_of<const Layer>(&self, args.route_for, "route_for");
    const uint32_t d = step.model.d_model;
    const float eps = step.model.rms_norm_eps;
    const uint64_t count = uint64_t{step.pass.n_rows} * d;
    float* h = floats_in(&self, args.h, args.h_offset, count, "h");
    const float* y = args.y == nullptr ? nullptr : floats_in(&self, args.y, args.y_offset, count, "y");
    const Weight* post = y == nullptr ? nullptr : &norm_scale<Weight>(&self, args.post_norm, d, "post_norm");
    Act* x = args.x == nullptr ? nullptr : &rows_of<Act>(step, args.x, "x");
    const Weight* next = x == nullptr ? nullptr : &norm_scale<Weight>(&self, args.next_norm, d, "next_norm");

    self.threads.run(step.pass.n_rows, [&](uint64_t r, uint32_t) {
      if (y != nullptr) self.kernels.add_norm(y + r * d, post->values.first, post->element, d, eps, h + r * d);
      if (x == nullptr) return;
      self.kernels.norm(h + r * d, next->values.first, next->element, d, eps, x->rows + r * d);
      x->quantise_row(static_cast<uint32_t>(r));
    });
  });
}

}  // namespace grok1::cpu
