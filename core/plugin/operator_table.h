// The slots of grok1_backend_ops by name: which ones a table lacks, and how a table of an older plugin is read.
#pragma once

#include <string_view>
#include <vector>

#include "grok1_backend.h"

namespace grok1 {

// The required functions that are absent, in the table's order. Looks only at what struct_size covers.
std::vector<std::string_view> missing_functions(const grok1_backend_ops& ops);

// A copy that has all slots of this host, NULL where struct_size of the original ends.
grok1_backend_ops padded_copy(const grok1_backend_ops& ops);

}  // namespace grok1
