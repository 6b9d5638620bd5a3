#include "core/tokenizer/tokenizer.h"

#include "core/base/failure.h"
#include "core/base/mapped_file.h"
#include "core/tokenizer/detokenizer.h"
#include "core/tokenizer/model_reader.h"

namespace grok1 {

Tokenizer::Tokenizer(std::unique_ptr<const Vocabulary> vocabulary) : vocabulary_(std::move(vocabulary)) {}
Tokenizer::~Tokenizer() = default;

std::shared_ptr<const Tokenizer> Tokenizer::load(const std::string& path) {
  const MappedFile file(path);
  const std::string_view bytes(reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size());
  return std::shared_ptr<const Tokenizer>(new Tokenizer(read_tokenizer_model(path, bytes)));
}

std::shared_ptr<const Tokenizer> Tokenizer::make(VocabularyPieces pieces) {
  auto vocabulary = std::make_unique<Vocabulary>();
  vocabulary->pieces = std::move(pieces.pieces);
  vocabulary->byte_fallback = pieces.byte_fallback;
  vocabulary->add_dummy_prefix = pieces.add_dummy_prefix;
  vocabulary->remove_extra_whitespaces = pieces.remove_extra_whitespaces;
  vocabulary->unknown_surface = std::move(pieces.unknown_surface);
  vocabulary->index(pieces.path, pieces.piece_at);
  const auto control = [&](int32_t id) {
    const bool there = id >= 0 && static_cast<size_t>(id) < vocabulary->pieces.size();
    return there && vocabulary->is(id, GROK1_PIECE_CONTROL) ? id : -1;
  };
  vocabulary->bos_id = control(pieces.bos_id);
  vocabulary->eos_id = control(pieces.eos_id);
  vocabulary->pad_id = control(pieces.pad_id);
  return std::shared_ptr<const Tokenizer>(new Tokenizer(std::move(vocabulary)));
}

VocabularyPieces Tokenizer::pieces() const {
  VocabularyPieces all;
  all.pieces = vocabulary_->pieces;
  all.byte_fallback = vocabulary_->byte_fallback;
  all.add_dummy_prefix = vocabulary_->add_dummy_prefix;
  all.remove_extra_whitespaces = vocabulary_->remove_extra_whitespaces;
  all.unknown_surface = vocabulary_->unknown_surface;
  all.bos_id = bos_id();
  all.eos_id = eos_id();
  all.pad_id = pad_id();
  return all;
}

std::string Tokenizer::decode(std::span<const int32_t> tokens) const {
  // A stream that borrows this tokenizer: what it gives, joined, is the meaning of decode.
  Detokenizer stream(std::shared_ptr<const Tokenizer>(std::shared_ptr<const Tokenizer>(), this), -1);
  std::string text;
  for (const int32_t token : tokens) text += stream.push(token);
  return text += stream.finish();
}

uint32_t Tokenizer::size() const {
  return static_cast<uint32_t>(vocabulary_->pieces.size());
}

const Tokenizer::Piece& Tokenizer::piece(int32_t id) const {
  if (id < 0 || static_cast<uint32_t>(id) >= size()) {
    fail(GROK1_E_OUT_OF_RANGE, "a token of 0 to {} wanted, found {}", int64_t{size()} - 1, id);
  }
  return vocabulary_->pieces[static_cast<size_t>(id)];
}

int32_t Tokenizer::unk_id() const {
  return vocabulary_->unk_id;
}
int32_t Tokenizer::bos_id() const {
  return vocabulary_->bos_id;
}
int32_t Tokenizer::eos_id() const {
  return vocabulary_->eos_id;
}
int32_t Tokenizer::pad_id() const {
  return vocabulary_->pad_id;
}
uint32_t Tokenizer::longest_piece() const {
  return vocabulary_->longest_piece;
}

}  // namespace grok1
