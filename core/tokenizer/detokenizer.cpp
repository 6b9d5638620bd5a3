#include "core/tokenizer/detokenizer.h"

#include "core/base/failure.h"
#include "core/tokenizer/utf8.h"
#include "core/tokenizer/vocabulary.h"

namespace grok1 {
namespace {

std::string with_spaces(std::string_view piece) {
  std::string text;
  text.reserve(piece.size());
  while (!piece.empty()) {
    const bool space = piece.starts_with(kSpaceSymbol);
    text += space ? ' ' : piece.front();
    piece.remove_prefix(space ? kSpaceSymbol.size() : 1);
  }
  return text;
}

}  // namespace

Detokenizer::Detokenizer(std::shared_ptr<const Tokenizer> tokenizer, int32_t after)
    : tokenizer_(std::move(tokenizer)), at_start_(after == -1 || after == tokenizer_->bos_id()) {
  if (after != -1) tokenizer_->piece(after);
}

std::string Detokenizer::push(int32_t token) {
  const Tokenizer::Piece& piece = tokenizer_->piece(token);
  const Vocabulary& vocabulary = *tokenizer_->vocabulary_;
  if (piece.kind == GROK1_PIECE_BYTE) {
    bytes_ += static_cast<char>(vocabulary.byte_values[static_cast<size_t>(token)]);
    return take_characters(false);
  }
  std::string text = take_characters(true);
  text += decode_piece(piece);
  if (!text.empty()) at_start_ = false;
  return text;
}

std::string Detokenizer::finish() {
  std::string text = take_characters(true);
  at_start_ = true;
  return text;
}

// The whole characters among the bytes; a byte that is part of none comes out as U+FFFD. If more bytes may come, the
// beginning of a character stays.
std::string Detokenizer::take_characters(bool all) {
  std::string text;
  std::string_view left = bytes_;
  while (!left.empty()) {
    const size_t size = utf8_length(left);
    if (size == 0 && !all && utf8_incomplete(left)) break;
    text += size != 0 ? left.substr(0, size) : kReplacement;
    left.remove_prefix(size != 0 ? size : 1);
  }
  bytes_ = std::string(left);
  if (!text.empty()) at_start_ = false;
  return text;
}

std::string Detokenizer::decode_piece(const Tokenizer::Piece& piece) {
  const Vocabulary& vocabulary = *tokenizer_->vocabulary_;
  if (piece.kind == GROK1_PIECE_CONTROL) return "";
  if (piece.kind == GROK1_PIECE_UNKNOWN) return vocabulary.unknown_surface;
  std::string_view text = piece.text;
  const bool prefixed = vocabulary.add_dummy_prefix || vocabulary.remove_extra_whitespaces;
  if (at_start_ && prefixed && text.starts_with(kSpaceSymbol)) {
    text.remove_prefix(kSpaceSymbol.size());
    // Where extra spaces are removed, every one before the first word goes.
    at_start_ = vocabulary.remove_extra_whitespaces;
  }
  return with_spaces(text);
}

}  // namespace grok1
