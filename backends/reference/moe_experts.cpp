// moe_experts: y = sum over the chosen experts of the share of gate * ((gelu(x . Wgate) * (x . Wup)) . Wdown).
#include <cmath>
#include <numbers>

#include "backends/reference/binding.h"
#include "backends/reference/queue.h"
#include "backends/reference/refusal.h"
#include "backends/reference/step.h"
#include "backends/reference/table.h"

namespace grok1::reference {
namespace {

double gelu(double a) {
  const double root = std::sqrt(2.0 / std::numbers::pi);
  return 0.5 * a * (1 + std::tanh(root * (a + 0.044715 * a * a * a)));
}

// s.row = the expert's answer to one row, over the share's ffn range.
void expert(Step& step, const Layer& layer, uint32_t e, const float* x) {
  Scratch& s = step.scratch;
  const uint32_t columns = layer.ffn_end - layer.ffn_begin;
  if (step.onlooker.is_there()) step.onlooker.show({GROK1_INPUTS_GATE_UP, layer.index, e}, x, 1, layer.model.d_model);
  linear(*layer.gate, e, x, s.gate.data());
  linear(*layer.up, e, x, s.up.data());
  for (uint32_t f = 0; f < columns; ++f) s.up[f] *= gelu(s.gate[f]);
  show_row(step, {GROK1_INPUTS_DOWN, layer.index, e}, s.up, columns);
  linear(*layer.down, e, s.up.data(), s.row.data());
}

}  // namespace

grok1_status moe_experts(grok1_device* device, const grok1_experts_args* arguments, grok1_error* err) {
  return guarded(err, [&] {
    given(device, "device");
    const grok1_experts_args& args = input(arguments, GROK1_TYPE_EXPERTS_ARGS, "args");
    object_of<Queue>(device, args.queue, "queue");
    Step& step = current(device, args.step);
    const Layer& layer = object_of<const Layer>(device, args.layer, "layer");
    check_same_model(step.model, layer.model, "layer");
    if (layer.gate == nullptr) refuse(GROK1_E_INVALID_ARGUMENT, "layer %u has no experts on this device", layer.index);
    const Act& x = rows_of<Act>(step, args.x, "x");
    const Route& route = rows_of<Route>(step, args.route, "route");
    const uint32_t d = step.model.d_model, used = step.model.experts_used, n_rows = step.pass.n_rows();
    float* y = floats(device, args.y, args.y_offset, uint64_t(n_rows) * d, "y");
    Scratch& s = step.scratch;

    for (uint32_t r = 0; r < n_rows; ++r) {
      std::fill(s.sum.begin(), s.sum.end(), 0.0);
      for (uint64_t i = uint64_t(r) * used; i < uint64_t(r + 1) * used; ++i) {
        const uint32_t e = uint32_t(route.experts[i]);
        if (e < layer.expert_begin || e >= layer.expert_end) continue;
        expert(step, layer, e, &x.rows[uint64_t(r) * d]);
        for (uint32_t n = 0; n < d; ++n) s.sum[n] += double(route.gates[i]) * s.row[n];
      }
      for (uint32_t n = 0; n < d; ++n) y[uint64_t(r) * d + n] = float(s.sum[n]);
    }
  });
}

}  // namespace grok1::reference
