// What a SentencePiece model file says, checked and indexed: the pieces and the few settings that change a result.
// Filled by model_reader.cpp, read by encode.cpp and decode.cpp. Immutable afterwards.
#pragma once

#include <array>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/tokenizer/prefix_matcher.h"
#include "core/tokenizer/tokenizer.h"

namespace grok1 {

inline constexpr std::string_view kSpaceSymbol = "\xE2\x96\x81";  // U+2581, stands for a space in pieces

struct Vocabulary {
  // As the file states them; the values here are SentencePiece's defaults.
  std::vector<Tokenizer::Piece> pieces;
  bool byte_fallback = false;
  bool add_dummy_prefix = true;
  bool remove_extra_whitespaces = true;
  bool escape_whitespaces = true;
  std::string unknown_surface = " \xE2\x81\x87 ";  // what the unknown piece decodes to: U+2047 between spaces

  // What index() makes of them.
  std::unordered_map<std::string_view, int32_t> mergeable;  // normal, user-defined and unused pieces
  PrefixMatcher user_defined;
  std::array<int32_t, 256> byte_ids{};  // all set if byte_fallback
  std::vector<uint8_t> byte_values;     // [pieces], of byte pieces
  int32_t unk_id = -1;
  int32_t bos_id = -1, eos_id = -1, pad_id = -1;  // control pieces that the file names; -1: none
  uint32_t longest_piece = 0;                     // bytes

  Vocabulary() = default;
  Vocabulary(const Vocabulary&) = delete;  // `mergeable` points into `pieces`
  Vocabulary& operator=(const Vocabulary&) = delete;

  // Checks what SentencePiece checks when it loads a model. `path` is for messages, piece_at[i] is where piece i lies.
  void index(const std::string& path, const std::vector<uint64_t>& piece_at);

  bool is(int32_t id, uint32_t kind) const { return pieces[static_cast<size_t>(id)].kind == kind; }
};

}  // namespace grok1
