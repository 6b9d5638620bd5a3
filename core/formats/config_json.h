// config.json: the numbers of a model that is not of Grok-1's size, under the names of the Hugging Face port. Sizes
// must be there; multipliers and the like default to Grok-1's. The format: docs/formats/ckpt-0.md.
#pragma once

#include <string>

#include "core/formats/config.h"

namespace grok1 {

// Throws GROK1_E_NOT_FOUND, GROK1_E_IO, GROK1_E_BAD_FILE (the message names the key), GROK1_E_UNSUPPORTED (an untied
// head).
Config read_config_json(const std::string& path);

}  // namespace grok1
