// logits: chosen rows of x times the output rows (the embedding's, if it is tied) of the share's vocabulary
// range, times output_multiplier.
#include "backends/reference/binding.h"
#include "backends/reference/queue.h"
#include "backends/reference/refusal.h"
#include "backends/reference/step.h"
#include "backends/reference/table.h"

namespace grok1::reference {

grok1_status logits(grok1_device* device, const grok1_logits_args* arguments, grok1_error* err) {
  return guarded(err, [&] {
    given(device, "device");
    const grok1_logits_args& args = input(arguments, GROK1_TYPE_LOGITS_ARGS, "args");
    object_of<Queue>(device, args.queue, "queue");
    const Step& step = current(device, args.step);
    const LmHead& head = object_of<const LmHead>(device, args.lm_head, "lm_head");
    check_same_model(step.model, head.model, "lm_head");
    const Act& x = rows_of<Act>(step, args.x, "x");
    const uint64_t d = step.model.d_model, vocab = head.vocab_end - head.vocab_begin;
    float* out = floats(device, args.logits, args.logits_offset, step.pass.logit_rows.size() * vocab, "logits");

    for (const uint32_t r : step.pass.logit_rows) {
      if (step.onlooker.is_there()) step.onlooker.show({GROK1_INPUTS_HEAD}, &x.rows[r * d], 1, d);
      for (uint32_t v = head.vocab_begin; v < head.vocab_end; ++v) {
        double dot = 0;
        for_each_input(*head.output, 0, v, [&](uint64_t i, double value) { dot += x.rows[r * d + i] * value; });
        *out++ = float(dot * step.model.output_multiplier);
      }
    }
  });
}

}  // namespace grok1::reference
