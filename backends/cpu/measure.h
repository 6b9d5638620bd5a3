// The extension "grok1.measure/1": what this device reaches when it does nothing else.
#ifndef GROK1_BACKENDS_CPU_MEASURE_H
#define GROK1_BACKENDS_CPU_MEASURE_H

#include "grok1_backend.h"

namespace grok1::cpu {

extern const grok1_measure_ops kMeasureOps;

}  // namespace grok1::cpu

#endif
