// Remembers with the step who looks on; the operators show what they multiply (contract/inputs.h).
#include "backends/reference/inputs.h"

#include "backends/reference/refusal.h"
#include "backends/reference/step.h"

namespace grok1::reference {
namespace {

grok1_status step_observe(grok1_step* step, grok1_inputs_fn fn, void* context, grok1_error* err) {
  return guarded(err, [&] { object<Step>(step, "step").onlooker = {fn, context}; });
}

}  // namespace

const grok1_inputs_ops kInputsOps = {sizeof(grok1_inputs_ops), 0, step_observe};

}  // namespace grok1::reference
