#include "core/tokenizer/vocabulary.h"

#include <algorithm>
#include <cmath>
#include <unordered_set>

#include "core/base/failure.h"
#include "core/tokenizer/utf8.h"

namespace grok1 {
namespace {

// Pieces are 16 characters at most unless a trainer was told otherwise; user-defined ones are markers.
constexpr size_t kLongestPiece = 1024;

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

// The byte that "<0x0A>" names, -1 if the text is not of that form.
int byte_of(std::string_view text) {
  if (text.size() != 6 || text.substr(0, 3) != "<0x" || text[5] != '>') return -1;
  const int high = hex_digit(text[3]), low = hex_digit(text[4]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

class Indexer {
 public:
  Indexer(Vocabulary& vocabulary, const std::string& path, const std::vector<uint64_t>& piece_at)
      : vocabulary_(vocabulary), path_(path), piece_at_(piece_at) {}

  void run() {
    vocabulary_.byte_ids.fill(-1);
    vocabulary_.byte_values.assign(vocabulary_.pieces.size(), 0);
    texts_.reserve(vocabulary_.pieces.size());
    vocabulary_.mergeable.reserve(vocabulary_.pieces.size());
    for (size_t i = 0; i < vocabulary_.pieces.size(); ++i) add(i);
    vocabulary_.user_defined = PrefixMatcher(std::move(user_defined_));
    const auto& bytes = vocabulary_.byte_ids;
    if (vocabulary_.unk_id < 0) fail_in_file(path_, 0, "an unknown piece wanted, found none");
    if (vocabulary_.byte_fallback && std::find(bytes.begin(), bytes.end(), -1) != bytes.end()) {
      fail_in_file(path_, 0, "256 byte pieces wanted where byte_fallback is set, found fewer");
    }
  }

 private:
  template <class... Args>
  [[noreturn]] void fail_at(size_t id, fmt::format_string<Args...> format, Args&&... args) const {
    fail_in_file(path_, piece_at_[id], "piece {}: {}", id, fmt::format(format, std::forward<Args>(args)...));
  }

  void add(size_t id) {
    const Tokenizer::Piece& piece = vocabulary_.pieces[id];
    check_text(id, piece);
    vocabulary_.longest_piece = std::max(vocabulary_.longest_piece, static_cast<uint32_t>(piece.text.size()));
    switch (piece.kind) {
      case GROK1_PIECE_UNKNOWN: return add_unknown(id);
      case GROK1_PIECE_CONTROL: return check_control(id, piece);
      case GROK1_PIECE_BYTE: return add_byte(id, piece);
      case GROK1_PIECE_USER_DEFINED: user_defined_.push_back(piece.text); [[fallthrough]];
      default: vocabulary_.mergeable.emplace(piece.text, static_cast<int32_t>(id));
    }
  }

  void check_text(size_t id, const Tokenizer::Piece& piece) {
    if (piece.text.empty()) fail_at(id, "a text wanted, found an empty one");
    if (piece.text.size() > kLongestPiece) {
      fail_at(id, "a text of at most {} bytes wanted, found {}", kLongestPiece, piece.text.size());
    }
    if (piece.text.find('\0') != std::string::npos) fail_at(id, "a text without NUL wanted");
    if (!is_utf8(piece.text)) fail_at(id, "a text in UTF-8 wanted, found other bytes");
    if (!std::isfinite(piece.score)) fail_at(id, "a finite score wanted");
    if (!texts_.insert(piece.text).second) fail_at(id, "'{}' is the text of an earlier piece too", piece.text);
  }

  void add_unknown(size_t id) {
    if (vocabulary_.unk_id >= 0) fail_at(id, "one unknown piece wanted, {} is one already", vocabulary_.unk_id);
    vocabulary_.unk_id = static_cast<int32_t>(id);
  }

  // SentencePiece could not encode a text that contains the character.
  void check_control(size_t id, const Tokenizer::Piece& piece) const {
    if (utf8_length(piece.text) == piece.text.size()) {
      fail_at(id, "a control piece of more than one character wanted, found '{}'", piece.text);
    }
  }

  void add_byte(size_t id, const Tokenizer::Piece& piece) {
    if (!vocabulary_.byte_fallback) fail_at(id, "a byte piece where byte_fallback is not set");
    const int byte = byte_of(piece.text);
    if (byte < 0) fail_at(id, "a byte piece such as <0x0A> wanted, found '{}'", piece.text);
    vocabulary_.byte_ids[static_cast<size_t>(byte)] = static_cast<int32_t>(id);
    vocabulary_.byte_values[id] = static_cast<uint8_t>(byte);
  }

  Vocabulary& vocabulary_;
  const std::string& path_;
  const std::vector<uint64_t>& piece_at_;
  std::unordered_set<std::string_view> texts_;
  std::vector<std::string> user_defined_;
};

}  // namespace

void Vocabulary::index(const std::string& path, const std::vector<uint64_t>& piece_at) {
  Indexer(*this, path, piece_at).run();
}

}  // namespace grok1
