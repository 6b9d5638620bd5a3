// A vocabulary as plain data: what a model file that has one inside gives to the tokenizer, without either knowing the
// other. Nothing here is checked yet; the tokenizer does that.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace grok1 {

struct VocabularyPiece {
  std::string text;
  float score;
  uint32_t kind;  // GROK1_PIECE_*
};

// Of SentencePiece's kind, merged by score.
struct VocabularyPieces {
  std::vector<VocabularyPiece> pieces;
  bool byte_fallback = false;
  bool add_dummy_prefix = true;
  bool remove_extra_whitespaces = false;
  std::string unknown_surface = " \xE2\x81\x87 ";  // what the unknown piece decodes to: SentencePiece's default
  int32_t bos_id = -1, eos_id = -1, pad_id = -1;   // -1: none

  std::string path;                // for messages, and where each piece lies in it
  std::vector<uint64_t> piece_at;  // [pieces]
};

}  // namespace grok1
