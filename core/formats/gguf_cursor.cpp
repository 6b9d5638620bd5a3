#include "core/formats/gguf_cursor.h"

#include <array>

namespace grok1 {

uint64_t GgufCursor::skip(uint64_t size, std::string_view what) {
  if (size > left()) {
    fail_in_gguf(file_, position_, "{} of {} bytes wanted, but the file ends {} bytes from here; fetch it again", what,
                 size, left());
  }
  const uint64_t begin = position_;
  position_ += size;
  return begin;
}

uint64_t GgufCursor::number(uint32_t size, std::string_view what) {
  const uint64_t begin = skip(size, what);
  std::array<std::byte, 8> bytes{};
  const std::byte* from = file_.contiguous(begin, size);
  if (from == nullptr) {
    file_.read(begin, {bytes.data(), size});
    from = bytes.data();
  }
  uint64_t value = 0;
  for (uint32_t i = size; i-- > 0;) value = value << 8 | static_cast<uint8_t>(from[i]);
  return value;
}

uint64_t GgufCursor::length(std::string_view what, uint64_t most) {
  const uint64_t at = position_, size = number(8, what);
  if (size > most) fail_in_gguf(file_, at, "{}: a length of at most {} wanted, found {}", what, most, size);
  if (size > left()) {
    fail_in_gguf(file_, at, "{}: a length of {} bytes, but the file ends {} bytes behind it", what, size, left());
  }
  return size;
}

std::string GgufCursor::text(std::string_view what, uint64_t most) {
  std::string out(length(what, most), '\0');
  const uint64_t begin = skip(out.size(), what);
  if (!out.empty()) file_.read(begin, std::as_writable_bytes(std::span(out)));
  return out;
}

}  // namespace grok1
