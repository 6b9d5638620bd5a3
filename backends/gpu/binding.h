// A layer and an LM head of this backend's weights (backends/contract/binding.h).
#ifndef GROK1_BACKENDS_GPU_BINDING_H
#define GROK1_BACKENDS_GPU_BINDING_H

#include "backends/contract/binding.h"
#include "backends/gpu/weights.h"

namespace grok1::accel {

using Layer = contract::Layer<Weight>;
using LmHead = contract::LmHead<Weight>;

}  // namespace grok1::accel

#endif
