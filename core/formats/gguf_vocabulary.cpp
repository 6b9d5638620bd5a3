// Keys: gguf-py's constants.py. What Grok-1's own tokenizer.model says of its pieces: docs/formats/tokenizer.model.md.
#include "core/formats/gguf_vocabulary.h"

#include <algorithm>
#include <array>
#include <bit>

#include "grok1.h"

namespace grok1 {
namespace {

constexpr const char* kModel = "tokenizer.ggml.model";
constexpr const char* kTokens = "tokenizer.ggml.tokens";
constexpr const char* kScores = "tokenizer.ggml.scores";
constexpr const char* kTypes = "tokenizer.ggml.token_type";
constexpr const char* kUnknown = "tokenizer.ggml.unknown_token_id";

constexpr uint64_t kMostPieceBytes = 1024;  // the tokenizer's limit

// The ranges of Grok-1's vocabulary whose kind does not depend on what the file says. 32 .. 46 are runs of raw spaces:
// text has none when it is matched, so that they never come out of it, whatever their kind.
struct Range {
  size_t first, last;
  uint32_t kind;
};
constexpr Range kGrok1Kinds[] = {
    {0, 2, GROK1_PIECE_CONTROL},         // [PAD], [BOS], [EOS]
    {3, 3, GROK1_PIECE_UNKNOWN},         // [UNK]
    {4, 31, GROK1_PIECE_USER_DEFINED},   // runs of newlines, digits, runs of tabs
    {47, 68, GROK1_PIECE_USER_DEFINED},  // <|separator|>, <|mask|>, <|control1|> .. <|control20|>
};
constexpr size_t kGrok1Pieces = 131072;

class VocabularyReader {
 public:
  explicit VocabularyReader(const GgufValues& values) : values_(values) {}

  VocabularyPieces read() {
    refuse_others();
    read_texts();
    read_scores();
    read_types();
    out_.path = values_.file().path();
    if (is_grok1()) set_grok1();
    name_ids();
    out_.byte_fallback = std::any_of(out_.pieces.begin(), out_.pieces.end(),
                                     [](const VocabularyPiece& piece) { return piece.kind == GROK1_PIECE_BYTE; });
    read_flags();
    return std::move(out_);
  }

 private:
  void refuse_others() const {
    constexpr const char* kCharsmap = "tokenizer.ggml.precompiled_charsmap";
    const std::string model = values_.text(kModel);
    if (model != "llama") {
      values_.refuse(kModel, "llama (SentencePiece) wanted, found \"{}\"; name a tokenizer.model beside the model",
                     model.substr(0, 64));
    }
    if (values_.has(kCharsmap) && values_.find(kCharsmap)->count != 0) {
      values_.refuse(kCharsmap, "no table of characters wanted; this tokenizer cannot be used");
    }
  }

  void read_texts() {
    const GgufValue& tokens = values_.array(kTokens, GgufType::kString);
    GgufCursor cursor(values_.file(), tokens.begin);
    out_.pieces.reserve(tokens.count);
    out_.piece_at.reserve(tokens.count);
    for (uint64_t i = 0; i < tokens.count; ++i) {
      out_.piece_at.push_back(cursor.position());
      out_.pieces.push_back({cursor.text(kTokens, kMostPieceBytes), 0.0f, GROK1_PIECE_NORMAL});
    }
  }

  void read_scores() {
    const GgufValue& scores = values_.array(kScores, GgufType::kFloat32);
    GgufCursor cursor(values_.file(), scores.begin);
    for (VocabularyPiece& piece : out_.pieces) {
      piece.score = std::bit_cast<float>(static_cast<uint32_t>(cursor.number(4, kScores)));
    }
  }

  void read_types() {
    if (!values_.has(kTypes)) return;
    const GgufValue& types = values_.array(kTypes, GgufType::kInt32);
    GgufCursor cursor(values_.file(), types.begin);
    for (VocabularyPiece& piece : out_.pieces) {
      const uint64_t at = cursor.position();
      piece.kind = static_cast<uint32_t>(cursor.number(4, kTypes));
      if (piece.kind < GROK1_PIECE_NORMAL || piece.kind > GROK1_PIECE_BYTE) {
        fail_in_gguf(values_.file(), at, "{}: a type of 1 to 6 wanted, found {}", kTypes, piece.kind);
      }
    }
  }

  bool is_grok1() const {
    constexpr std::array<std::string_view, 4> kFirst = {"[PAD]", "[BOS]", "[EOS]", "[UNK]"};
    return out_.pieces.size() == kGrok1Pieces &&
           std::equal(kFirst.begin(), kFirst.end(), out_.pieces.begin(),
                      [](std::string_view text, const VocabularyPiece& piece) { return piece.text == text; });
  }

  void set_grok1() {
    for (const Range& range : kGrok1Kinds) {
      for (size_t id = range.first; id <= range.last; ++id) out_.pieces[id].kind = range.kind;
    }
    out_.pad_id = 0;
    out_.bos_id = 1;
    out_.eos_id = 2;
    out_.unknown_surface = "[UNK]";
  }

  bool has_unknown() const {
    return std::any_of(out_.pieces.begin(), out_.pieces.end(),
                       [](const VocabularyPiece& piece) { return piece.kind == GROK1_PIECE_UNKNOWN; });
  }

  void name_ids() {
    const auto last = static_cast<int64_t>(out_.pieces.size()) - 1;
    const auto read = [&](const char* key, int32_t& id) {
      if (values_.has(key)) id = static_cast<int32_t>(values_.integer(key, 0, last));
    };
    read("tokenizer.ggml.bos_token_id", out_.bos_id);
    read("tokenizer.ggml.eos_token_id", out_.eos_id);
    read("tokenizer.ggml.padding_token_id", out_.pad_id);
    if (has_unknown() || !values_.has(kUnknown)) return;
    out_.pieces[static_cast<size_t>(values_.integer(kUnknown, 0, last))].kind = GROK1_PIECE_UNKNOWN;
  }

  void read_flags() {
    constexpr const char* kPrefix = "tokenizer.ggml.add_space_prefix";
    constexpr const char* kSpaces = "tokenizer.ggml.remove_extra_whitespaces";
    if (values_.has(kPrefix)) out_.add_dummy_prefix = values_.flag(kPrefix);
    if (values_.has(kSpaces)) out_.remove_extra_whitespaces = values_.flag(kSpaces);
  }

  const GgufValues& values_;
  VocabularyPieces out_;
};

void want_count(const GgufValues& values, const char* key, GgufType type, uint32_t wanted) {
  const uint64_t count = values.array(key, type).count;
  if (count != wanted) values.fail(key, "{} elements wanted, as token_embd.weight has rows, found {}", wanted, count);
}

}  // namespace

bool has_gguf_vocabulary(const GgufValues& values) {
  return values.has(kModel) && values.text(kModel) != "none";
}

void check_gguf_vocabulary(const GgufValues& values, uint32_t vocab_size) {
  if (values.has(kTokens)) want_count(values, kTokens, GgufType::kString, vocab_size);
  if (values.has(kScores)) want_count(values, kScores, GgufType::kFloat32, vocab_size);
  if (values.has(kTypes)) want_count(values, kTypes, GgufType::kInt32, vocab_size);
}

VocabularyPieces read_gguf_vocabulary(const GgufValues& values) {
  return VocabularyReader(values).read();
}

}  // namespace grok1
