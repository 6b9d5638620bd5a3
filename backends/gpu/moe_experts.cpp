// moe_experts: y = the gated sum of the chosen experts of the share.
#include "backends/gpu/operator.h"

namespace grok1::accel {

grok1_status moe_experts(grok1_device* device, const grok1_experts_args* arguments, grok1_error* err) {
  return operate(device, arguments, GROK1_TYPE_EXPERTS_ARGS, err, [](const Call& call, const grok1_experts_args& args) {
    const Layer& layer = object_of<const Layer>(&call.device, args.layer, "layer");
    check_same_model(call.step.model, layer.model, "layer");
    const Act& x = rows_of<Act>(call.step, args.x, "x");
    const Route& route = rows_of<Route>(call.step, args.route, "route");
    if (layer.gate == nullptr) refuse(GROK1_E_INVALID_ARGUMENT, "layer %u has no experts on this device", layer.index);
    const Scratch& s = call.step.scratch;
    ExpertsArgs experts{};
    experts.y = call.rows(args.y, args.y_offset, "y");
    experts.gate = layer.gate->matrix;
    experts.up = layer.up->matrix;
    experts.down = layer.down->matrix;
    experts.x = rows_for(call.step, x, experts.gate, call.queue);
    experts.hidden = {s.hidden, s.hidden_digits, s.hidden_scales, round_up(experts.gate.n, 4), experts.down.split};
    experts.experts = route.choices.experts;
    experts.gates = route.choices.gates;
    experts.n_rows = call.n_rows();
    experts.used = call.step.model.experts_used;
    experts.expert_begin = layer.expert_begin;
    experts.arrivals = s.hidden_arrivals;
    experts.grouping = {s.grouped_begin, s.grouped};
    experts.outs = s.outs;
    call.device.kernels.experts(experts, call.queue.stream);
  });
}

}  // namespace grok1::accel
