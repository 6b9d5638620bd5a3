// add_norm: h += norm(y, post_norm), then x = norm(h, next_norm). The second norm reads h as stored, in float32, so
// that a device to which h has travelled gets the same x.
#include "backends/reference/binding.h"
#include "backends/reference/norm.h"
#include "backends/reference/queue.h"
#include "backends/reference/refusal.h"
#include "backends/reference/step.h"
#include "backends/reference/table.h"

namespace grok1::reference {

grok1_status add_norm(grok1_device* device, const grok1_add_norm_args* arguments, grok1_error* err) {
  return guarded(err, [&] {
    given(device, "device");
    const grok1_add_norm_args& args = input(arguments, GROK1_TYPE_ADD_NORM_ARGS, "args");
    object_of<Queue>(device, args.queue, "queue");
    const Step& step = current(device, args.step);
    if (args.route_for) object_of<const Layer>(device, args.route_for, "route_for");
    const uint32_t d = step.model.d_model, n_rows = step.pass.n_rows();
    float* h = floats(device, args.h, args.h_offset, uint64_t(n_rows) * d, "h");
    const float* y = args.y ? floats(device, args.y, args.y_offset, uint64_t(n_rows) * d, "y") : nullptr;
    const Weight* post = y ? &norm_scale<Weight>(device, args.post_norm, d, "post_norm") : nullptr;
    Act* x = args.x ? &rows_of<Act>(step, args.x, "x") : nullptr;
    const Weight* next = x ? &norm_scale<Weight>(device, args.next_norm, d, "next_norm") : nullptr;
    const double eps = step.model.rms_norm_eps;

    for (uint32_t r = 0; r < n_rows; ++r) {
      float* h_row = h + uint64_t(r) * d;
      if (y)
        norm(y + uint64_t(r) * d, *post, d, eps, [&](uint32_t i, double value) { h_row[i] = float(h_row[i] + value); });
      if (x == nullptr) continue;
      float* x_row = x->rows.data() + uint64_t(r) * d;
      norm(h_row, *next, d, eps, [&](uint32_t i, double value) { x_row[i] = float(value); });
    }
  });
}

}  // namespace grok1::reference
