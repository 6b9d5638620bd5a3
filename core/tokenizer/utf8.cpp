#include "core/tokenizer/utf8.h"

#include <algorithm>

namespace grok1 {
namespace {

struct Range {
  unsigned char least, most;
};

// The second byte is the only one whose range depends on the first (RFC 3629, section 4).
Range second_byte(unsigned char first) {
  switch (first) {
    case 0xE0: return {0xA0, 0xBF};
    case 0xED: return {0x80, 0x9F};
    case 0xF0: return {0x90, 0xBF};
    case 0xF4: return {0x80, 0x8F};
    default: return {0x80, 0xBF};
  }
}

// By the first byte; 0 if no character begins with it.
size_t wanted_length(unsigned char first) {
  if (first < 0x80) return 1;
  if (first < 0xC2) return 0;
  if (first < 0xE0) return 2;
  if (first < 0xF0) return 3;
  return first < 0xF5 ? 4 : 0;
}

// True if the first `size` bytes fit a character of that or a greater length.
bool fits(std::string_view text, size_t size) {
  for (size_t i = 1; i < size; ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const Range range = i == 1 ? second_byte(static_cast<unsigned char>(text[0])) : Range{0x80, 0xBF};
    if (byte < range.least || byte > range.most) return false;
  }
  return true;
}

}  // namespace

size_t utf8_length(std::string_view text) {
  if (text.empty()) return 0;
  const size_t wanted = wanted_length(static_cast<unsigned char>(text[0]));
  return text.size() >= wanted && fits(text, wanted) ? wanted : 0;
}

bool utf8_incomplete(std::string_view text) {
  if (text.empty()) return false;
  return text.size() < wanted_length(static_cast<unsigned char>(text[0])) && fits(text, text.size());
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const size_t length = utf8_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

}  // namespace grok1
