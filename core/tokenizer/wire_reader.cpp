#include "core/tokenizer/wire_reader.h"

namespace grok1 {

uint64_t WireReader::varint() {
  const uint64_t begin = here();
  uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    if (position_ == message_.size()) fail_in_file(path_, begin, "a number reaches over the end of its message");
    const auto byte = static_cast<uint8_t>(message_[position_++]);
    value |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
  fail_in_file(path_, begin, "a number of at most 10 bytes wanted, found more");
}

uint64_t WireReader::fixed(size_t size) {
  if (message_.size() - position_ < size) fail_in_file(path_, here(), "a number reaches over the end of its message");
  uint64_t value = 0;
  for (size_t i = size; i-- > 0;) value = value << 8 | static_cast<uint8_t>(message_[position_ + i]);
  position_ += size;
  return value;
}

bool WireReader::next(WireField& field) {
  if (position_ == message_.size()) return false;
  field.at = here();
  const uint64_t tag = varint();
  // Field numbers have 29 bits.
  if (tag >> 3 == 0 || tag >> 3 > 0x1fffffff)
    fail_in_file(path_, field.at, "a field number wanted, found {}", tag >> 3);
  field.number = static_cast<uint32_t>(tag >> 3);
  field.type = static_cast<WireType>(tag & 7);
  field.data = {};
  field.data_at = here();
  switch (field.type) {
    case WireType::kVarint: field.value = varint(); return true;
    case WireType::kFixed32: field.value = fixed(4); return true;
    case WireType::kFixed64: field.value = fixed(8); return true;
    case WireType::kBytes: break;
    default: fail_in_file(path_, field.at, "wire type 0, 1, 2 or 5 wanted, found {}", tag & 7);
  }
  const uint64_t size = varint();
  field.data_at = here();
  if (size > message_.size() - position_) {
    fail_in_file(path_, field.at, "field {} of {} bytes reaches over the end of its message, {} bytes are left",
                 field.number, size, message_.size() - position_);
  }
  field.data = message_.substr(position_, size);
  position_ += size;
  return true;
}

}  // namespace grok1
