// add_norm: h += norm(y, post_norm), then x = norm(h, next_norm), and at once the routing of x where it is asked for.
#include "backends/gpu/operator.h"

namespace grok1::accel {

grok1_status add_norm(grok1_device* device, const grok1_add_norm_args* arguments, grok1_error* err) {
  return operate(
      device, arguments, GROK1_TYPE_ADD_NORM_ARGS, err, [](const Call& call, const grok1_add_norm_args& args) {
        const Layer* route_for =
            args.route_for == nullptr ? nullptr : &object_of<const Layer>(&call.device, args.route_for, "route_for");
        NormArgs norm{};
        norm.d = call.step.model.d_model;
        norm.n_rows = call.n_rows();
        norm.h = call.rows(args.h, args.h_offset, "h");
        norm.eps = call.step.model.rms_norm_eps;
        if (args.y != nullptr) {
          norm.y = call.rows(args.y, args.y_offset, "y");
          norm.post = norm_scale(&call.device, args.post_norm, norm.d, "post_norm");
        }
        if (args.x != nullptr) {
          Act& x = rows_of<Act>(call.step, args.x, "x");
          norm.next = norm_scale(&call.device, args.next_norm, norm.d, "next_norm");
          norm.x = x.rows;
          x.routed_for = route_for != nullptr && route_for->router != nullptr ? route_for : nullptr;
          if (x.routed_for != nullptr) norm.route = route_out(*route_for, x.choices);
        }
        call.device.kernels.norm(norm, call.queue.stream);
      });
}

}  // namespace grok1::accel
