// embed: h[r] = embedding[token[r]] * embedding_multiplier, zero for tokens of other vocabulary ranges, then
// x = norm(h, next_norm).
#include "backends/cpu/binding.h"
#include "backends/cpu/buffer.h"
#include "backends/cpu/float_state.h"
#include "backends/cpu/queue.h"
#include "backends/cpu/rows.h"
#include "backends/cpu/table.h"

namespace grok1::cpu {
namespace {

void embed_row(const LmHead& head, uint32_t token, float* h) {
  const Weight& embedding = *head.embedding;
  const uint32_t d = head.model.d_model;
  if (token < head.vocab_begin || token >= head.vocab_end) {
    std::fill_n(h, d, 0.0f);
    return;
  }
  embedding.read(token - head.vocab_begin, 0, d, h);
  for (uint32_t i = 0; i < d; ++i) h[i] = h[i] * head.model.embedding_multiplier;
}

}  // namespace

grok1_status embed(grok1_device* device, const grok1_embed_args* arguments, grok1_error* err) {
  return computing(err, [&] {
    Device& self = object<Device>(device, "device");
    const grok1_embed_args& args = input(arguments, GROK1_TYPE_EMBED_ARGS, "args");
    object_of<Queue>(&self, args.queue, "queue");
    const Step& step = current(&self, args.step);
    const LmHead& head = object_of<const LmHead>(&self, args.lm_head, "lm_head");
    check_same_model(step.model, head.model, "lm_head");
    const uint32_t d = step.model.d_model;
    float* h = floats_in(&self, args.h, args.h_offset, uint64_t{step.pass.n_rows} * d, "h");
    Act* x = args.x == nullptr ? nullptr : &rows_of<Act>(step, args.x, "x");
    const Weight* scale = x == nullptr ? nullptr : &norm_scale<Weight>(&self, args.next_norm, d, "next_norm");

    self.threads.run(step.pass.n_rows, [&](uint64_t r, uint32_t) {
      embed_row(head, static_cast<uint32_t>(step.pass.tokens[r]), h + r * d);
      if (x == nullptr) return;
      self.kernels.norm(h + r * d, scale->values.first, scale->element, d, step.model.rms_norm_eps, x->rows + r * d);
      x->quantise_row(static_cast<uint32_t>(r));
    });
  });
}

}  // namespace grok1::cpu
