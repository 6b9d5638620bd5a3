// The model's numbers from the keys of a GGUF file, old and new. What Grok-1's files of 2024 leave out is Grok-1's own.
// Refuses what is not Grok-1: another architecture, and Grok-2, which has the same name there.
#pragma once

#include <string>
#include <vector>

#include "core/formats/config.h"
#include "core/formats/gguf_header.h"

namespace grok1 {

struct GgufConfig {
  Config config;
  std::vector<std::string> warnings;
};

// vocab_size: the rows of token_embd.weight. Throws GROK1_E_BAD_FILE (the message names the key), GROK1_E_UNSUPPORTED.
GgufConfig read_gguf_config(const GgufValues& values, uint64_t vocab_size);

}  // namespace grok1
