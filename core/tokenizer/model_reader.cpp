// Field numbers, types and defaults are those of SentencePiece's sentencepiece_model.proto (proto2: a scalar that
// occurs twice has its last value, a message that occurs twice is merged).
#include "core/tokenizer/model_reader.h"

#include <algorithm>
#include <bit>

#include "core/tokenizer/utf8.h"
#include "core/tokenizer/wire_reader.h"

namespace grok1 {
namespace {

constexpr size_t kMostFileBytes = 256u << 20;  // Grok-1's has 2 MB; keeps every id far below 2^31

enum ModelType : uint64_t { kUnigram = 1, kBpe = 2 };

class ModelReader {
 public:
  explicit ModelReader(const std::string& path) : path_(path), vocabulary_(std::make_unique<Vocabulary>()) {}

  std::unique_ptr<const Vocabulary> read(std::string_view file) {
    if (file.size() > kMostFileBytes) {
      fail_in_file(path_, kMostFileBytes, "a tokenizer of at most {} bytes wanted, found {}", kMostFileBytes,
                   file.size());
    }
    WireReader reader(path_, file, 0);
    for (WireField field; reader.next(field);) {
      switch (field.number) {
        case 1: read_piece(field); break;
        case 2: read_trainer(field); break;
        case 3: read_normalizer(field); break;
        case 5: refuse_denormalizer(field); break;
        default: break;
      }
    }
    if (model_type_ != kBpe) unsupported("model_type", "2 (BPE)", std::to_string(model_type_));
    if (whitespace_as_suffix_) unsupported("treat_whitespace_as_suffix", "false", "true");
    vocabulary_->index(path_, piece_at_);
    vocabulary_->bos_id = control_id(bos_piece_);
    vocabulary_->eos_id = control_id(eos_piece_);
    vocabulary_->pad_id = control_id(pad_piece_);
    return std::move(vocabulary_);
  }

 private:
  [[noreturn]] void unsupported(const char* setting, std::string_view wanted, std::string_view found) const {
    fail(GROK1_E_UNSUPPORTED, "{}: {} = {} wanted, found {}; this tokenizer cannot be used", path_, setting, wanted,
         found);
  }

  void want(const WireField& field, WireType type) const {
    if (field.type == type) return;
    fail_in_file(path_, field.at, "field {}: wire type {} wanted, found {}", field.number, static_cast<int>(type),
                 static_cast<int>(field.type));
  }
  uint64_t number(const WireField& field) const {
    want(field, WireType::kVarint);
    return field.value;
  }
  bool flag(const WireField& field) const { return number(field) != 0; }
  std::string_view data(const WireField& field) const {
    want(field, WireType::kBytes);
    return field.data;
  }
  WireReader message(const WireField& field) const { return {path_, data(field), field.data_at}; }

  void read_piece(const WireField& piece_field) {
    Tokenizer::Piece piece{"", 0.0f, GROK1_PIECE_NORMAL};
    WireReader reader = message(piece_field);
    for (WireField field; reader.next(field);) {
      if (field.number == 1) piece.text = data(field);
      if (field.number == 2) {
        want(field, WireType::kFixed32);
        piece.score = std::bit_cast<float>(static_cast<uint32_t>(field.value));
      }
      if (field.number != 3) continue;
      if (number(field) < GROK1_PIECE_NORMAL || number(field) > GROK1_PIECE_BYTE) {
        fail_in_file(path_, field.at, "a piece type of 1 to 6 wanted, found {}", field.value);
      }
      piece.kind = static_cast<uint32_t>(field.value);
    }
    vocabulary_->pieces.push_back(std::move(piece));
    piece_at_.push_back(piece_field.at);
  }

  void read_trainer(const WireField& trainer_field) {
    WireReader reader = message(trainer_field);
    for (WireField field; reader.next(field);) {
      switch (field.number) {
        case 3: model_type_ = number(field); break;
        case 24: whitespace_as_suffix_ = flag(field); break;
        case 35: vocabulary_->byte_fallback = flag(field); break;
        case 44: read_unknown_surface(field); break;
        case 46: bos_piece_ = data(field); break;
        case 47: eos_piece_ = data(field); break;
        case 48: pad_piece_ = data(field); break;
        default: break;
      }
    }
  }

  void read_unknown_surface(const WireField& field) {
    vocabulary_->unknown_surface = data(field);
    const bool clean = vocabulary_->unknown_surface.find('\0') == std::string::npos;
    if (!clean || !is_utf8(field.data)) fail_in_file(path_, field.at, "unk_surface: UTF-8 without NUL wanted");
  }

  void read_normalizer(const WireField& normalizer_field) {
    WireReader reader = message(normalizer_field);
    for (WireField field; reader.next(field);) {
      switch (field.number) {
        case 2:
          if (!data(field).empty()) unsupported("normalizer_spec", "identity", "a table of characters");
          break;
        case 3: vocabulary_->add_dummy_prefix = flag(field); break;
        case 4: vocabulary_->remove_extra_whitespaces = flag(field); break;
        case 5: vocabulary_->escape_whitespaces = flag(field); break;
        default: break;
      }
    }
  }

  void refuse_denormalizer(const WireField& denormalizer_field) const {
    WireReader reader = message(denormalizer_field);
    for (WireField field; reader.next(field);) {
      if (field.number == 2 && !data(field).empty()) {
        unsupported("denormalizer_spec", "none", "a table of characters");
      }
    }
  }

  int32_t control_id(std::string_view text) const {
    const std::vector<Tokenizer::Piece>& pieces = vocabulary_->pieces;
    const auto found = std::find_if(pieces.begin(), pieces.end(), [&](const Tokenizer::Piece& piece) {
      return piece.kind == GROK1_PIECE_CONTROL && piece.text == text;
    });
    return found == pieces.end() ? -1 : static_cast<int32_t>(found - pieces.begin());
  }

  const std::string& path_;
  std::unique_ptr<Vocabulary> vocabulary_;
  std::vector<uint64_t> piece_at_;
  uint64_t model_type_ = kUnigram;
  bool whitespace_as_suffix_ = false;
  std::string_view bos_piece_ = "<s>", eos_piece_ = "</s>", pad_piece_ = "<pad>";
};

}  // namespace

std::unique_ptr<const Vocabulary> read_tokenizer_model(const std::string& path, std::string_view file) {
  return ModelReader(path).read(file);
}

}  // namespace grok1
