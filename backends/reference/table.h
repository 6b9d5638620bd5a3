// The functions behind the operator table.
#ifndef GROK1_BACKENDS_REFERENCE_TABLE_H
#define GROK1_BACKENDS_REFERENCE_TABLE_H

#include "backends/contract/table.h"

namespace grok1::reference {

GROK1_TABLE_FUNCTIONS(GROK1_DECLARE_FUNCTION)

}  // namespace grok1::reference

#endif
