// The functions behind the operator table.
#ifndef GROK1_BACKENDS_GPU_TABLE_H
#define GROK1_BACKENDS_GPU_TABLE_H

#include "backends/contract/table.h"

namespace grok1::accel {

GROK1_TABLE_FUNCTIONS(GROK1_DECLARE_FUNCTION)

}  // namespace grok1::accel

#endif
