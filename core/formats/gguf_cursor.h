// Reads a GGUF header from front to back: numbers, strings and lengths, none of them beyond the end of the file. The
// file may be cut into pieces anywhere, also inside a number. Knows nothing of what the numbers mean; gguf_header.h
// does.
#pragma once

#include <string>
#include <string_view>

#include "core/base/failure.h"
#include "core/base/joined_file.h"

namespace grok1 {

// A fault at a byte of a file that may lie in pieces: the message names the piece and the byte in it.
template <class... Args>
[[noreturn]] void fail_in_gguf(const JoinedFile& file, uint64_t offset, fmt::format_string<Args...> format,
                               Args&&... args) {
  const FilePlace place = file.place(offset);
  fail_in_file(place.path, place.offset, "{}", fmt::format(format, std::forward<Args>(args)...));
}

// The same of what is no fault but not taken here: GROK1_E_UNSUPPORTED.
template <class... Args>
[[noreturn]] void refuse_in_gguf(const JoinedFile& file, uint64_t offset, fmt::format_string<Args...> format,
                                 Args&&... args) {
  const FilePlace place = file.place(offset);
  throw Failure(
      GROK1_E_UNSUPPORTED,
      fmt::format("{}: at byte {}: {}", place.path, place.offset, fmt::format(format, std::forward<Args>(args)...)),
      GROK1_SOURCE_FILE, 0, place.offset);
}

class GgufCursor {
 public:
  explicit GgufCursor(const JoinedFile& file, uint64_t position = 0) : file_(file), position_(position) {}

  const JoinedFile& file() const { return file_; }
  uint64_t position() const { return position_; }
  uint64_t left() const { return file_.size() - position_; }

  // Steps over `size` bytes and returns where they begin. `what` is for the message if the file ends before.
  uint64_t skip(uint64_t size, std::string_view what);
  // Little-endian, of 1 to 8 bytes.
  uint64_t number(uint32_t size, std::string_view what);
  // A length in 8 bytes, and so many bytes behind it, all in the file.
  uint64_t length(std::string_view what, uint64_t most);
  std::string text(std::string_view what, uint64_t most);

 private:
  const JoinedFile& file_;
  uint64_t position_;
};

}  // namespace grok1
