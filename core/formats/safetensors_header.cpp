// nlohmann's parser hands out tokens without their places. They are found again from where the last token ended:
// between two tokens lie only spaces, commas and colons.
#include "core/formats/safetensors_header.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "core/base/failure.h"
#include "grok1.h"

namespace grok1 {
namespace {

using Json = nlohmann::json;

constexpr size_t kMostName = 256;  // a name of Grok-1's has at most 70
constexpr uint32_t kMostRank = 4;
constexpr int kNumberTooLarge = 406;  // the parser's error of a number that no double holds

struct Dtype {
  const char* name;
  uint32_t bits, encoding;
};
// The types that the format's own package knows in version 0.8; a model here uses three.
constexpr Dtype kDtypes[] = {
    {"F32", 32, GROK1_ENCODING_F32},         {"F16", 16, GROK1_ENCODING_F16},
    {"BF16", 16, GROK1_ENCODING_BF16},       {"F64", 64, GROK1_ENCODING_NONE},
    {"I64", 64, GROK1_ENCODING_NONE},        {"U64", 64, GROK1_ENCODING_NONE},
    {"C64", 64, GROK1_ENCODING_NONE},        {"I32", 32, GROK1_ENCODING_NONE},
    {"U32", 32, GROK1_ENCODING_NONE},        {"I16", 16, GROK1_ENCODING_NONE},
    {"U16", 16, GROK1_ENCODING_NONE},        {"I8", 8, GROK1_ENCODING_NONE},
    {"U8", 8, GROK1_ENCODING_NONE},          {"BOOL", 8, GROK1_ENCODING_NONE},
    {"F8_E4M3", 8, GROK1_ENCODING_NONE},     {"F8_E5M2", 8, GROK1_ENCODING_NONE},
    {"F8_E8M0", 8, GROK1_ENCODING_NONE},     {"F8_E4M3FNUZ", 8, GROK1_ENCODING_NONE},
    {"F8_E5M2FNUZ", 8, GROK1_ENCODING_NONE}, {"F6_E2M3", 6, GROK1_ENCODING_NONE},
    {"F6_E3M2", 6, GROK1_ENCODING_NONE},     {"F4", 4, GROK1_ENCODING_NONE},
};

// Counts what the parser has read.
class CountingIterator {
 public:
  using iterator_category = std::forward_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  CountingIterator(const char* at, size_t* count) : at_(at), count_(count) {}
  reference operator*() const { return *at_; }
  CountingIterator& operator++() {
    ++at_;
    ++*count_;
    return *this;
  }
  bool operator==(const CountingIterator& other) const { return at_ == other.at_; }
  bool operator!=(const CountingIterator& other) const { return at_ != other.at_; }

 private:
  const char* at_;
  size_t* count_;
};

bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

class Handler {
 public:
  Handler(const std::string& path, std::string_view text, uint64_t offset)
      : path_(path), text_(text), offset_(offset) {}

  std::vector<SafetensorsHeader::Tensor> run() {
    if (text_.empty() || text_.front() != '{') fail_in_file(path_, offset_, "a JSON object wanted as header");
    // The parser takes a NUL for the end of the text.
    if (const size_t nul = text_.find('\0'); nul != std::string_view::npos) {
      fail_in_file(path_, offset_ + nul, "JSON wanted, found a NUL byte");
    }
    const char* end = text_.data() + text_.size();
    Json::sax_parse(CountingIterator(text_.data(), &read_), CountingIterator(end, &read_), this,
                    Json::input_format_t::json, false);
    const size_t behind = text_.find_first_not_of(' ', end_);
    if (behind != std::string_view::npos) {
      fail_in_file(path_, offset_ + behind, "only spaces wanted behind the header's JSON, found something else");
    }
    return std::move(tensors_);
  }

  // What nlohmann's parser calls; each returns true: go on.
  bool start_object(size_t /*elements*/) {
    step();
    switch (state_) {
      case State::kOutside: state_ = State::kHeader; break;
      case State::kHeader: begin_entry(); break;
      default: fail_token("an object");
    }
    keys_seen_[static_cast<size_t>(state_)].clear();
    return true;
  }

  bool end_object() {
    step();
    if (state_ == State::kEntry) finish_entry();
    state_ = state_ == State::kHeader ? State::kOutside : State::kHeader;
    return true;
  }

  bool key(std::string& name) {
    step();
    if (!keys_seen_[static_cast<size_t>(state_)].insert(name).second) {
      fail_here("a name that was not there before wanted, found '{}' again", shown(name));
    }
    if (state_ == State::kEntry) check_entry_key(name);
    key_ = std::move(name);
    key_at_ = at_;
    return true;
  }

  bool string(std::string& value) {
    step();
    if (state_ == State::kMetadata) return true;
    if (state_ != State::kEntry || key_ != "dtype") fail_token("a string");
    set_dtype(value);
    return true;
  }

  bool start_array(size_t /*elements*/) {
    step();
    if (state_ != State::kEntry || key_ == "dtype") fail_token("an array");
    state_ = key_ == "shape" ? State::kShape : State::kOffsets;
    numbers_ = 0;
    array_at_ = at_;
    return true;
  }

  bool end_array() {
    step();
    Tensor& tensor = tensors_.back();
    if (state_ == State::kShape) {
      tensor.entry.rank = numbers_;
      tensor.entry.shape_at = offset_ + array_at_;
      has_shape_ = true;
    } else {
      if (numbers_ != 2) fail_here("two data_offsets wanted, found {}", numbers_);
      tensor.offsets_at = offset_ + array_at_;
      has_offsets_ = true;
    }
    state_ = State::kEntry;
    return true;
  }

  bool number_unsigned(uint64_t value) {
    step();
    if (state_ != State::kShape && state_ != State::kOffsets) fail_token("a number");
    Tensor& tensor = tensors_.back();
    if (state_ == State::kShape) {
      if (numbers_ == kMostRank) fail_here("a tensor of at most {} dimensions wanted, found more", kMostRank);
      tensor.entry.shape[numbers_++] = value;
    } else {
      if (numbers_ == 2) fail_here("two data_offsets wanted, found more");
      (numbers_++ == 0 ? tensor.begin : tensor.end) = value;
    }
    return true;
  }

  bool null() { return refuse("null"); }
  bool boolean(bool /*value*/) { return refuse("a truth value"); }
  bool number_integer(int64_t /*value*/) { return refuse("a negative number"); }
  bool number_float(double /*value*/, const std::string& /*text*/) {
    return refuse("a number that is no integer of 64 bits");
  }
  bool binary(Json::binary_t& /*value*/) { return refuse("binary data"); }  // never in JSON

  bool parse_error(size_t position, const std::string& /*token*/, const Json::exception& error) {
    if (error.id == kNumberTooLarge) return refuse("a number that is no integer of 64 bits");
    const size_t at = position == 0 ? 0 : position - 1;  // counts from 1
    fail_in_file(path_, offset_ + at, "JSON wanted, found {}",
                 at >= text_.size() ? "its end too early" : "a syntax error");
  }

 private:
  using Tensor = SafetensorsHeader::Tensor;
  enum class State : uint8_t { kOutside, kHeader, kMetadata, kEntry, kShape, kOffsets };

  // To the token that the parser tells of: where it begins and ends.
  void step() {
    at_ = text_.find_first_not_of(" \t\r\n,:", end_);
    const char first = text_[at_];
    const bool is_number = first == '-' || (first >= '0' && first <= '9');
    // Behind a number, and nothing else, the parser reads one byte more.
    end_ = is_number ? std::min(text_.find_first_not_of("+-.0123456789eE", at_), text_.size()) : read_;
  }

  template <class... Args>
  [[noreturn]] void fail_here(fmt::format_string<Args...> format, Args&&... args) const {
    fail_in_file(path_, offset_ + at_, format, std::forward<Args>(args)...);
  }

  [[noreturn]] void fail_token(const char* found) const {
    switch (state_) {
      case State::kOutside: fail_here("a JSON object wanted as header, found {}", found);
      case State::kHeader: fail_here("an object wanted for '{}', found {}", shown(key_), found);
      case State::kMetadata: fail_here("strings only wanted in __metadata__, found {}", found);
      case State::kEntry:
        fail_here("{} wanted for {}, found {}", key_ == "dtype" ? "a string" : "an array", key_, found);
      default: fail_here("an unsigned integer wanted, found {}", found);
    }
  }

  bool refuse(const char* found) {
    step();
    fail_token(found);
  }

  // Names come from the file and go to a terminal.
  static std::string shown(const std::string& name) {
    std::string text = name.substr(0, kMostName);
    std::replace_if(text.begin(), text.end(), is_control, '?');
    return text;
  }

  void begin_entry() {
    if (key_ == "__metadata__") {
      state_ = State::kMetadata;
      return;
    }
    if (key_.empty() || key_.size() > kMostName || std::any_of(key_.begin(), key_.end(), is_control)) {
      fail_in_file(path_, offset_ + key_at_, "a tensor's name of 1 to {} bytes without control characters wanted",
                   kMostName);
    }
    state_ = State::kEntry;
    tensors_.emplace_back().entry.name = key_;
    tensors_.back().entry.name_at = offset_ + key_at_;
    has_shape_ = has_offsets_ = false;
  }

  void finish_entry() const {
    const SafetensorsEntry& entry = tensors_.back().entry;
    const char* missing = entry.dtype.empty() ? "dtype" : !has_shape_ ? "shape" : !has_offsets_ ? "data_offsets" : "";
    if (*missing != 0) fail_here("{} wanted for '{}', found none", missing, entry.name);
  }

  void check_entry_key(const std::string& name) const {
    if (name != "dtype" && name != "shape" && name != "data_offsets") {
      fail_here("dtype, shape or data_offsets wanted, found '{}'", shown(name));
    }
  }

  void set_dtype(const std::string& name) {
    const auto* dtype = std::find_if(std::begin(kDtypes), std::end(kDtypes),
                                     [&](const Dtype& candidate) { return name == candidate.name; });
    if (dtype == std::end(kDtypes)) fail_here("a type of the format wanted, found '{}'", shown(name));
    Tensor& tensor = tensors_.back();
    tensor.entry.dtype = name;
    tensor.entry.dtype_at = offset_ + at_;
    tensor.entry.encoding = dtype->encoding;
    tensor.item_bits = dtype->bits;
  }

  const std::string& path_;
  std::string_view text_;
  uint64_t offset_;
  size_t read_ = 0;          // by the parser
  size_t at_ = 0, end_ = 0;  // of the last token, in text_
  State state_ = State::kOutside;
  std::string key_;
  size_t key_at_ = 0;
  size_t array_at_ = 0;
  uint32_t numbers_ = 0;  // in the array
  bool has_shape_ = false, has_offsets_ = false;
  std::set<std::string> keys_seen_[4];  // by state: of the object that is being read
  std::vector<Tensor> tensors_;
};

}  // namespace

SafetensorsHeader::SafetensorsHeader(const std::string& path, std::string_view text, uint64_t offset)
    : tensors_(Handler(path, text, offset).run()) {}

}  // namespace grok1
