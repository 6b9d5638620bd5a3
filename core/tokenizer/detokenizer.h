// Decoding as a stream: one token in, whole UTF-8 characters out. The joined pieces equal Tokenizer::decode of all
// tokens at once.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "core/tokenizer/tokenizer.h"

namespace grok1 {

class Detokenizer {
 public:
  // after: the token that the stream follows, so that the first word keeps its space; -1 or BOS: the stream begins a
  // text. Throws GROK1_E_OUT_OF_RANGE.
  Detokenizer(std::shared_ptr<const Tokenizer> tokenizer, int32_t after);
  // The characters that the token completes, maybe none. Throws GROK1_E_OUT_OF_RANGE and then is unchanged.
  std::string push(int32_t token);
  // What is left of an incomplete character; the stream begins anew.
  std::string finish();

 private:
  std::string take_characters(bool all);
  std::string decode_piece(const Tokenizer::Piece& piece);

  std::shared_ptr<const Tokenizer> tokenizer_;
  bool at_start_;      // nothing but control pieces so far: a space before the first word is dropped
  std::string bytes_;  // of byte pieces that are not yet a whole character
};

}  // namespace grok1
