// attention: y = capped causal attention of the share's heads over the pages, before the post-norm.
#include "backends/gpu/kv.h"
#include "backends/gpu/operator.h"

namespace grok1::accel {
namespace {

void check(const Step& step, const Layer& layer, const Kv& kv) {
  if (layer.q == nullptr) refuse(GROK1_E_INVALID_ARGUMENT, "layer %u has no attention on this device", layer.index);
  check_attention(step.model, step.limits, layer, kv);
  for (uint32_t c = 0; c < step.pass.last_page.size(); ++c)
    if (step.pass.last_page[c] >= kv.n_pages)
      refuse(GROK1_E_INVALID_ARGUMENT, "chunk %u reads page %u: the cache has %u", c, step.pass.last_page[c],
             kv.n_pages);
}

}  // namespace

grok1_status attention(grok1_device* device, const grok1_attention_args* arguments, grok1_error* err) {
  return operate(device, arguments, GROK1_TYPE_ATTENTION_ARGS, err,
                 [](const Call& call, const grok1_attention_args& args) {
                   const Layer& layer = object_of<const Layer>(&call.device, args.layer, "layer");
                   const Kv& kv = object_of<const Kv>(&call.device, args.kv, "kv");
                   check(call.step, layer, kv);
                   const Act& x = rows_of<Act>(call.step, args.x, "x");
                   float* y = call.rows(args.y, args.y_offset, "y");
                   const grok1_model_desc& model = call.step.model;
                   const Scratch& s = call.step.scratch;
                   const Matrix& out = layer.o->matrix;
                   const bool digits = out.element == Element::i8;

                   HeadsArgs heads{s.q,
                                   s.k,
                                   s.v,
                                   kv.heads() * (model.heads / model.kv_heads),
                                   kv.heads(),
                                   model.head_dim,
                                   call.step.data,
                                   kv.pages(layer.index)};
                   call.device.kernels.project({{layer.q->matrix, layer.k->matrix, layer.v->matrix},
                                                rows_for(call.step, x, layer.q->matrix, call.queue),
                                                call.n_rows(),
                                                s.head_arrivals,
                                                heads},
                                               call.queue.stream);
                   AttendArgs attend{};
                   attend.heads = heads;
                   attend.n_rows = call.n_rows();
                   attend.n_splits = divide_up(call.step.pass.most_positions, kPositions);
                   attend.multiplier = model.attention_multiplier;
                   attend.soft_cap = model.attention_soft_cap;
                   attend.parts = s.parts;
                   attend.arrivals = s.unit_arrivals;
                   attend.out_arrivals = s.out_arrivals;
                   attend.out = {s.attended, digits ? s.attended_digits : nullptr, s.attended_scales,
                                 round_up(out.split.k, 4), out.split};
                   call.device.kernels.attend(attend, call.queue.stream);
                   call.device.kernels.multiply({out,
                                                 {s.attended, s.attended_digits, s.attended_scales, attend.out.stride},
                                                 nullptr,
                                                 call.n_rows(),
                                                 1.0f,
                                                 y},
                                                call.queue.stream);
                 });
}

}  // namespace grok1::accel
