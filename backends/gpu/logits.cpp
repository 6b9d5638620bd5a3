// logits: chosen rows of x times the output matrix, which is the embedding if it is tied.
#include "backends/gpu/operator.h"

namespace grok1::accel {

grok1_status logits(grok1_device* device, const grok1_logits_args* arguments, grok1_error* err) {
  return operate(device, arguments, GROK1_TYPE_LOGITS_ARGS, err, [](const Call& call, const grok1_logits_args& args) {
    const LmHead& head = object_of<const LmHead>(&call.device, args.lm_head, "lm_head");
    check_same_model(call.step.model, head.model, "lm_head");
    const Act& x = rows_of<Act>(call.step, args.x, "x");
    const uint32_t n_rows = call.step.pass.n_logit_rows;
    const Matrix& matrix = head.output->matrix;
    float* out = floats_in(&call.device, args.logits, args.logits_offset, uint64_t{n_rows} * matrix.n, "logits");
    if (n_rows == 0) return;
    call.device.kernels.multiply(
        {matrix, x.in(), call.step.data.logit_rows, n_rows, call.step.model.output_multiplier, out}, call.queue.stream);
  });
}

}  // namespace grok1::accel
