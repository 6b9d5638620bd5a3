// moe_route: softmax over all experts of x . router, then the best; the gates are their probabilities as they are.
#include <cmath>

#include "backends/reference/binding.h"
#include "backends/reference/queue.h"
#include "backends/reference/refusal.h"
#include "backends/reference/step.h"
#include "backends/reference/table.h"

namespace grok1::reference {
namespace {

void softmax(std::vector<double>& s) {
  const double largest = *std::max_element(s.begin(), s.end());
  double sum = 0;
  for (double& value : s) sum += value = std::exp(value - largest);
  for (double& value : s) value /= sum;
}

}  // namespace

grok1_status moe_route(grok1_device* device, const grok1_route_args* arguments, grok1_error* err) {
  return guarded(err, [&] {
    given(device, "device");
    const grok1_route_args& args = input(arguments, GROK1_TYPE_ROUTE_ARGS, "args");
    object_of<Queue>(device, args.queue, "queue");
    Step& step = current(device, args.step);
    const Layer& layer = object_of<const Layer>(device, args.layer, "layer");
    check_same_model(step.model, layer.model, "layer");
    if (layer.router == nullptr) refuse(GROK1_E_INVALID_ARGUMENT, "layer %u has no router on this device", layer.index);
    const Act& x = rows_of<Act>(step, args.x, "x");
    Route& route = rows_of<Route>(step, args.route, "route");
    const uint32_t used = step.model.experts_used;
    std::vector<double>& p = step.scratch.expert;

    for (uint32_t r = 0; r < step.pass.n_rows(); ++r) {
      linear(*layer.router, 0, &x.rows[uint64_t(r) * step.model.d_model], p.data());
      softmax(p);
      for (uint32_t i = 0; i < used; ++i) {
        const auto best = std::max_element(p.begin(), p.end());  // the first of equal ones
        route.experts[uint64_t(r) * used + i] = int32_t(best - p.begin());
        route.gates[uint64_t(r) * used + i] = float(*best);
        *best = -1;  // below every probability: not chosen again
      }
    }
  });
}

}  // namespace grok1::reference
