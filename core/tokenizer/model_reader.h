// Reads a SentencePiece model file, which is a protobuf message, into a Vocabulary. The format:
// docs/formats/tokenizer.model.md.
#pragma once

#include <memory>

#include "core/tokenizer/vocabulary.h"

namespace grok1 {

// Throws GROK1_E_BAD_FILE with the byte offset, GROK1_E_UNSUPPORTED for what is not BPE or would change the result.
std::unique_ptr<const Vocabulary> read_tokenizer_model(const std::string& path, std::string_view file);

}  // namespace grok1
