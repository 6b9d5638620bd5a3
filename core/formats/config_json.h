// config.json: the numbers of a model, under the names of the Hugging Face ports. Sizes must be there; multipliers and
// the like default to Grok-1's. The format: docs/formats/ckpt-0.md, docs/formats/safetensors.md.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/formats/config.h"

namespace grok1 {

// Throws GROK1_E_NOT_FOUND, GROK1_E_IO, GROK1_E_BAD_FILE (the message names the key), GROK1_E_UNSUPPORTED (an untied
// head).
Config read_config_json(const std::string& path);

struct HfConfig {
  Config config;
  std::optional<bool> tied;  // tie_word_embeddings, if it is there
};
// The same file beside the weights of any Hugging Face port: keys have other names too, null is as good as none, and
// head_dim follows from the sizes. What only a successor of Grok-1 has is GROK1_E_UNSUPPORTED.
HfConfig read_hf_config_json(const std::string& path);

// At Grok-1's width the weights are almost certainly Grok-1's, and its numbers belong to them: a sentence for each that
// is another. A rope base of 100000 is found in files converted from Hugging Face configs of 2024.
std::vector<std::string> config_warnings(const Config& config);

}  // namespace grok1
