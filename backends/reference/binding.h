// A layer and an LM head of this backend's weights (backends/contract/binding.h).
#ifndef GROK1_BACKENDS_REFERENCE_BINDING_H
#define GROK1_BACKENDS_REFERENCE_BINDING_H

#include "backends/contract/binding.h"
#include "backends/reference/weights.h"

namespace grok1::reference {

using Layer = contract::Layer<Weight>;
using LmHead = contract::LmHead<Weight>;

}  // namespace grok1::reference

#endif
