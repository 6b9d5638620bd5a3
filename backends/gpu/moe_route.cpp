// moe_route: the best experts and their gates; what add_norm has computed already changes hands without a kernel.
#include <utility>

#include "backends/gpu/operator.h"

namespace grok1::accel {

grok1_status moe_route(grok1_device* device, const grok1_route_args* arguments, grok1_error* err) {
  return operate(device, arguments, GROK1_TYPE_ROUTE_ARGS, err, [](const Call& call, const grok1_route_args& args) {
    const Layer& layer = object_of<const Layer>(&call.device, args.layer, "layer");
    check_same_model(call.step.model, layer.model, "layer");
    Act& x = rows_of<Act>(call.step, args.x, "x");
    Route& route = rows_of<Route>(call.step, args.route, "route");
    if (layer.router == nullptr) refuse(GROK1_E_INVALID_ARGUMENT, "layer %u has no router on this device", layer.index);
    if (x.routed_for == &layer) {
      std::swap(x.choices, route.choices);
      x.routed_for = nullptr;
      return;
    }
    call.device.kernels.route({x.rows.values, x.rows.stride, call.n_rows(), route_out(layer, route.choices)},
                              call.queue.stream);
  });
}

}  // namespace grok1::accel
