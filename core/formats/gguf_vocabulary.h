// The vocabulary inside a GGUF file: texts, scores and types of the pieces. Converters have marked Grok-1's newlines,
// tabs, digits and markers as ordinary pieces; they are set right by their numbers. What is not SentencePiece's is
// refused: Grok-2 has another kind.
#pragma once

#include <optional>

#include "core/base/vocabulary_pieces.h"
#include "core/formats/gguf_values.h"

namespace grok1 {

// True if there is one.
bool has_gguf_vocabulary(const GgufValues& values);

// Checks that texts, scores and types are `vocab_size` each; reads none of them.
void check_gguf_vocabulary(const GgufValues& values, uint32_t vocab_size);

// Of values that were checked. Throws GROK1_E_BAD_FILE with the byte, GROK1_E_UNSUPPORTED for another kind.
VocabularyPieces read_gguf_vocabulary(const GgufValues& values);

}  // namespace grok1
