// SentencePiece model files made by hand for tests, in protobuf's wire format.
#pragma once

#include <bit>
#include <cstdint>
#include <string>
#include <string_view>

#include "grok1.h"

namespace grok1::test {

inline std::string varint(uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) bytes += static_cast<char>((value & 0x7f) | 0x80);
  return bytes + static_cast<char>(value);
}

inline std::string number_field(uint32_t number, uint64_t value) {
  return varint(number << 3) + varint(value);
}

inline std::string bytes_field(uint32_t number, std::string_view bytes) {
  return varint(number << 3 | 2) + varint(bytes.size()) + std::string(bytes);
}

inline std::string float_field(uint32_t number, float value) {
  const auto bits = std::bit_cast<uint32_t>(value);
  std::string bytes = varint(number << 3 | 5);
  for (int i = 0; i < 4; ++i) bytes += static_cast<char>(bits >> (8 * i) & 0xff);
  return bytes;
}

inline std::string piece(std::string_view text, float score = 0, uint32_t kind = GROK1_PIECE_NORMAL) {
  return bytes_field(1, bytes_field(1, text) + float_field(2, score) + number_field(3, kind));
}

inline std::string byte_pieces() {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string bytes;
  for (size_t i = 0; i < 256; ++i) {
    bytes += piece(std::string("<0x") + kDigits[i / 16] + kDigits[i % 16] + ">", 0, GROK1_PIECE_BYTE);
  }
  return bytes;
}

struct ModelSettings {
  bool byte_fallback = false;
  bool add_dummy_prefix = true;
  bool remove_extra_whitespaces = false;
  bool escape_whitespaces = true;
};

inline std::string settings(const ModelSettings& s) {
  return bytes_field(2, number_field(3, 2) + number_field(35, s.byte_fallback)) +
         bytes_field(3, bytes_field(1, "identity") + number_field(3, s.add_dummy_prefix) +
                            number_field(4, s.remove_extra_whitespaces) + number_field(5, s.escape_whitespaces));
}

inline const std::string kSpace = "\xE2\x96\x81";  // U+2581

// <unk> 0, <s> 1, </s> 2, then what is given.
inline std::string model(const std::string& pieces, const ModelSettings& s = {}) {
  return piece("<unk>", 0, GROK1_PIECE_UNKNOWN) + piece("<s>", 0, GROK1_PIECE_CONTROL) +
         piece("</s>", 0, GROK1_PIECE_CONTROL) + pieces + settings(s);
}

}  // namespace grok1::test
