// A plugin's file becomes code of this process. The only user of Boost.DLL; knows nothing of what the descriptor says
// (negotiate.h).
#pragma once

#include <string>
#include <vector>

#include "grok1_backend.h"

namespace grok1 {

// Loads a plugin, for ever, and returns its entry. `path` is absolute; `needed` are the libraries that the file names.
// Throws GROK1_LOAD_MISSING_DEPENDENCY, GROK1_LOAD_OPEN_FAILED, GROK1_LOAD_NOT_A_PLUGIN.
const grok1_backend_descriptor* open_library(const std::string& path, const std::vector<std::string>& needed);

}  // namespace grok1
