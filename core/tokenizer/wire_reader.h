// The protobuf wire format, as far as a SentencePiece model needs it: a flat list of fields, read one after the other.
// Every length is checked against the message it lies in. Knows no schema; model_reader.cpp does.
#pragma once

#include <bit>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "core/base/failure.h"

namespace grok1 {

enum class WireType : uint8_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

struct WireField {
  uint32_t number = 0;
  WireType type = WireType::kVarint;
  uint64_t at = 0;        // where the field begins in the file
  uint64_t value = 0;     // of kVarint, kFixed32 and kFixed64
  std::string_view data;  // of kBytes
  uint64_t data_at = 0;   // where data begins in the file
};

class WireReader {
 public:
  // A message that begins at byte `at` of the file; `path` is for messages and must outlive the reader.
  WireReader(const std::string& path, std::string_view message, uint64_t at)
      : path_(path), message_(message), at_(at) {}

  // False at the end of the message. Throws GROK1_E_BAD_FILE.
  bool next(WireField& field);

 private:
  uint64_t here() const { return at_ + position_; }
  uint64_t varint();
  uint64_t fixed(size_t size);

  const std::string& path_;
  std::string_view message_;
  uint64_t at_;
  size_t position_ = 0;
};

}  // namespace grok1
