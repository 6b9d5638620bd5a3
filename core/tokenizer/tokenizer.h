// SentencePiece BPE, as Grok-1 uses it: text <-> tokens. Immutable once loaded, so any number of threads may share it.
// The file is read in model_reader.cpp, encode is in encode.cpp (over normalize.h and merge.h), decode and streaming in
// detokenizer.cpp.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/vocabulary_pieces.h"

namespace grok1 {

struct Vocabulary;

class Tokenizer {
 public:
  using Piece = VocabularyPiece;

  // Throws GROK1_E_NOT_FOUND, GROK1_E_IO, GROK1_E_BAD_FILE (with byte offset), GROK1_E_UNSUPPORTED (not BPE, or a
  // setting that changes the result and is not implemented).
  static std::shared_ptr<const Tokenizer> load(const std::string& path);
  // Of a vocabulary that lies in a model's file. Throws GROK1_E_BAD_FILE (with byte offset).
  static std::shared_ptr<const Tokenizer> make(VocabularyPieces pieces);
  ~Tokenizer();
  // What make() makes the same tokenizer of; nothing for messages.
  VocabularyPieces pieces() const;

  std::vector<int32_t> encode(std::string_view text) const;
  // Throws GROK1_E_OUT_OF_RANGE for an id that does not exist.
  std::string decode(std::span<const int32_t> tokens) const;

  uint32_t size() const;
  const Piece& piece(int32_t id) const;  // throws GROK1_E_OUT_OF_RANGE
  int32_t unk_id() const;                // -1 where the vocabulary has none, also below
  int32_t bos_id() const;
  int32_t eos_id() const;
  int32_t pad_id() const;
  uint32_t longest_piece() const;  // bytes

 private:
  explicit Tokenizer(std::unique_ptr<const Vocabulary> vocabulary);
  std::unique_ptr<const Vocabulary> vocabulary_;
  friend class Detokenizer;
};

}  // namespace grok1
