// The keys of a GGUF file of Grok-1: the model's numbers under the names that llama.cpp reads, those that its first
// converter wrote and those that came later, so that a model of any size is loaded with its own; and the vocabulary.
#pragma once

#include "core/base/vocabulary_pieces.h"
#include "core/formats/config.h"
#include "core/formats/gguf_writer.h"

namespace grok1 {

// general.architecture, name, file_type, and where the model has blocks, quantization_version.
void add_general_keys(GgufKeys& keys, const Config& config, uint32_t file_type, bool has_blocks);
void add_config_keys(GgufKeys& keys, const Config& config);
// Ids are the config's; a model without a vocabulary has them alone.
void add_vocabulary_keys(GgufKeys& keys, const Config& config, const VocabularyPieces* vocabulary);

}  // namespace grok1
