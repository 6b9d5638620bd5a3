// The extension "grok1.inputs/1": operators of a step show the inputs of their linear layers.
#ifndef GROK1_BACKENDS_REFERENCE_INPUTS_H
#define GROK1_BACKENDS_REFERENCE_INPUTS_H

#include "grok1_backend.h"

namespace grok1::reference {

extern const grok1_inputs_ops kInputsOps;

}  // namespace grok1::reference

#endif
