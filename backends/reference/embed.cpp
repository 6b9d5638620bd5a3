// embed: h[r] = embedding[token[r]] * embedding_multiplier, then x = norm(h, next_norm).
#include "backends/reference/binding.h"
#include "backends/reference/norm.h"
#include "backends/reference/queue.h"
#include "backends/reference/refusal.h"
#include "backends/reference/step.h"
#include "backends/reference/table.h"

namespace grok1::reference {

grok1_status embed(grok1_device* device, const grok1_embed_args* arguments, grok1_error* err) {
  return guarded(err, [&] {
    given(device, "device");
    const grok1_embed_args& args = input(arguments, GROK1_TYPE_EMBED_ARGS, "args");
    object_of<Queue>(device, args.queue, "queue");
    const Step& step = current(device, args.step);
    const LmHead& head = object_of<const LmHead>(device, args.lm_head, "lm_head");
    check_same_model(step.model, head.model, "lm_head");
    const uint32_t d = step.model.d_model, n_rows = step.pass.n_rows();
    float* h = floats(device, args.h, args.h_offset, uint64_t(n_rows) * d, "h");
    Act* x = args.x ? &rows_of<Act>(step, args.x, "x") : nullptr;
    const Weight* scale = x ? &norm_scale<Weight>(device, args.next_norm, d, "next_norm") : nullptr;

    for (uint32_t r = 0; r < n_rows; ++r) {
      const uint32_t token = step.pass.tokens[r];
      const bool here = token >= head.vocab_begin && token < head.vocab_end;
      float* h_row = h + uint64_t(r) * d;
      std::fill_n(h_row, d, 0.0f);
      if (here)
        for_each_input(*head.embedding, 0, token,
                       [&](uint64_t i, double value) { h_row[i] = float(value * step.model.embedding_multiplier); });
      if (x == nullptr) continue;
      float* x_row = x->rows.data() + uint64_t(r) * d;
      norm(h_row, *scale, d, step.model.rms_norm_eps, [&](uint32_t i, double value) { x_row[i] = float(value); });
    }
  });
}

}  // namespace grok1::reference
