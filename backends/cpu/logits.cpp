// logits: chosen rows of x times the output rows (the embedding's, if it is tied) of the share's vocabulary
// range, times output_multiplier.
#include "backends/cpu/binding.h"
#include "backends/cpu/buffer.h"
#include "backends/cpu/float_state.h"
#include "backends/cpu/queue.h"
#include "backends/cpu/rows.h"
#include "backends/cpu/table.h"

namespace grok1::cpu {
namespace {

constexpr uint32_t kTokensPerTask = 64;

}  // namespace

grok1_status logits(grok1_device* device, const grok1_logits_args* arguments, grok1_error* err) {
  return computing(err, [&] {
    Device& self = object<Device>(device, "device");
    const grok1_logits_args& args = input(arguments, GROK1_TYPE_LOGITS_ARGS, "args");
    object_of<Queue>(&self, args.queue, "queue");
    const Step& step = current(&self, args.step);
    const LmHead& head = object_of<const LmHead>(&self, args.lm_head, "lm_head");
    check_same_model(step.model, head.model, "lm_head");
    const Act& x = rows_of<Act>(step, args.x, "x");
    const uint64_t d = step.model.d_model, vocab = head.vocab_end - head.vocab_begin;
    float* out = floats_in(&self, args.logits, args.logits_offset, step.pass.n_logit_rows * vocab, "logits");

    if (step.onlooker.is_there())
      for (uint32_t i = 0; i < step.pass.n_logit_rows; ++i)
        step.onlooker.show({GROK1_INPUTS_HEAD}, x.rows + step.pass.logit_rows[i] * d, 1, d);
    const Matrix output = head.output->matrix(0);
    const Rows rows{x.rows, nullptr, nullptr, d, 0, 0, step.pass.logit_rows, step.pass.n_logit_rows, false};
    const auto home = [&](uint64_t task) {
      return head.output->node_of_output(static_cast<uint32_t>(task) * kTokensPerTask);
    };
    self.threads.run((vocab + kTokensPerTask - 1) / kTokensPerTask, home, [&](uint64_t task, uint32_t) {
      const uint32_t begin = static_cast<uint32_t>(task) * kTokensPerTask;
      const uint32_t end = std::min(begin + kTokensPerTask, output.n);
      self.kernels.dots(output, rows, begin, end, step.model.output_multiplier, out + begin, vocab);
    });
  });
}

}  // namespace grok1::cpu
