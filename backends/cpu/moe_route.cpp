// moe_route: the router's sums, softmax over all experts, the best of them. In double throughout, without fused
// operations, so that the choice is the same on every instruction set; the router has few columns, so this is cheap.
#include <cmath>

#include "backends/cpu/binding.h"
#include "backends/cpu/float_state.h"
#include "backends/cpu/queue.h"
#include "backends/cpu/rows.h"
#include "backends/cpu/table.h"

namespace grok1::cpu {
namespace {

constexpr uint32_t kMostExperts = 256;

// e^x for x <= 0 with a relative error below 1e-15: x = n ln 2 + r, Taylor's series to r^13. Our own, because a C
// library may give other bits on another processor.
double exp_of(double x) {
  if (!(x > -700.0)) return std::isnan(x) ? x : 0.0;
  const double n = std::nearbyint(x * 1.4426950408889634);
  const double r = (x - n * 0x1.62e42feep-1) - n * 0x1.a39ef35793c76p-33;  // ln 2 in two parts
  double sum = 1.0;
  for (int i = 13; i > 0; --i) sum = 1.0 + sum * r / i;
  return std::ldexp(sum, static_cast<int>(n));
}

// s[e] = x . router[:, e], summed in the order of k.
void sums(const Weight& router, const float* x, double* s) {
  const Matrix m = router.matrix(0);
  float w[kChunk];
  std::fill_n(s, m.n, 0.0);
  for (uint32_t c = 0; c < m.n_chunks; ++c) {
    const Chunk& chunk = m.chunks[c];
    for (uint32_t n = 0; n < m.n; ++n) {
      const char* scales = m.scales + chunk.group * m.scale_row_bytes;
      const double scale =
          m.element == Element::i8 ? value_of(m.scale_element, scales + n * bytes_of(m.scale_element)) : 1.0;
      double sum = 0;
      router.read(n, chunk.k_begin, chunk.k_size, w);
      for (uint32_t k = 0; k < chunk.k_size; ++k) sum += double{x[chunk.k_begin + k]} * w[k];
      s[n] += sum * scale;
    }
  }
}

void softmax(double* p, uint32_t count) {
  double largest = p[0], sum = 0;
  for (uint32_t e = 1; e < count; ++e) largest = std::max(largest, p[e]);
  for (uint32_t e = 0; e < count; ++e) sum += p[e] = exp_of(p[e] - largest);
  for (uint32_t e = 0; e < count; ++e) p[e] /= sum;
}

// The experts of the largest p, best first, equal ones by lower index. What is not a number is chosen last.
void choose(const double* p, uint32_t count, uint32_t used, int32_t* experts, float* gates) {
  bool chosen[kMostExperts] = {};
  for (uint32_t i = 0; i < used; ++i) {
    uint32_t best = count;
    for (uint32_t e = 0; e < count; ++e)
      if (!chosen[e] && (best == count || p[e] > p[best] || (std::isnan(p[best]) && !std::isnan(p[e])))) best = e;
    chosen[best] = true;
    experts[i] = static_cast<int32_t>(best);
    gates[i] = static_cast<float>(p[best]);
  }
}

void route_row(const Weight& router, const float* x, uint32_t used, int32_t* experts, float* gates) {
  double p[kMostExperts];
  sums(router, x, p);
  softmax(p, router.n());
  choose(p, router.n(), used, experts, gates);
}

}  // namespace

grok1_status moe_route(grok1_device* device, const grok1_route_args* arguments, grok1_error* err) {
  return computing(err, [&] {
    Device& self = object<Device>(device, "device");
    const grok1_route_args& args = input(arguments, GROK1_TYPE_ROUTE_ARGS, "args");
    object_of<Queue>(&self, args.queue, "queue");
    const Step& step = current(&self, args.step);
    const Layer& layer = object_of<const Layer>(&self, args.layer, "layer");
    check_same_model(step.model, layer.model, "layer");
    const Act& x = rows_of<Act>(step, args.x, "x");
    Route& route = rows_of<Route>(step, args.route, "route");
    if (layer.router == nullptr) refuse(GROK1_E_INVALID_ARGUMENT, "layer %u has no router on this device", layer.index);

    const uint32_t used = step.model.experts_used;
    self.threads.run(step.pass.n_rows, [&](uint64_t r, uint32_t) {
      route_row(*layer.router, x.rows + r * step.model.d_model, used, route.experts + r * used, route.gates + r * used);
    });
  });
}

}  // namespace grok1::cpu
