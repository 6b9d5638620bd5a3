// The extension "grok1.comm/1" among devices of this process.
#ifndef GROK1_BACKENDS_GPU_COMM_H
#define GROK1_BACKENDS_GPU_COMM_H

#include "grok1_backend.h"

namespace grok1::accel {

extern const grok1_comm_ops kCommOps;

}  // namespace grok1::accel

#endif
