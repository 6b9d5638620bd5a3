// The plugin's entry: the one exported symbol and the ELF note.
#include "backends/reference/descriptor.h"

GROK1_BACKEND_ENTRY(grok1::reference::kId, grok1::reference::kVendor, grok1::reference::kVersion,
                    GROK1_BACKEND_EXPLICIT_ONLY, grok1::reference::open)
