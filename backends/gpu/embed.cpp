// embed: h[r] = embedding[token[r]] * embedding_multiplier, then x = norm(h, next_norm).
#include "backends/gpu/operator.h"

namespace grok1::accel {

grok1_status embed(grok1_device* device, const grok1_embed_args* arguments, grok1_error* err) {
  return operate(device, arguments, GROK1_TYPE_EMBED_ARGS, err, [](const Call& call, const grok1_embed_args& args) {
    const LmHead& head = object_of<const LmHead>(&call.device, args.lm_head, "lm_head");
    check_same_model(call.step.model, head.model, "lm_head");
    NormArgs norm{};
    norm.d = call.step.model.d_model;
    norm.n_rows = call.n_rows();
    norm.h = call.rows(args.h, args.h_offset, "h");
    norm.tokens = call.step.data.tokens;
    norm.embedding = head.embedding->matrix;
    norm.vocab_begin = head.vocab_begin;
    norm.multiplier = call.step.model.embedding_multiplier;
    norm.eps = call.step.model.rms_norm_eps;
    if (args.x != nullptr) {
      Act& x = rows_of<Act>(call.step, args.x, "x");
      norm.next = norm_scale(&call.device, args.next_norm, norm.d, "next_norm");
      norm.x = x.rows;
      x.routed_for = nullptr;
    }
    call.device.kernels.norm(norm, call.queue.stream);
  });
}

}  // namespace grok1::accel
