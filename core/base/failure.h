// How errors travel inside the library: as one exception type, thrown where the fault is found and caught in core/api,
// which turns it into a status and a grok1_error. Nothing here knows what failed; messages are written at the place
// that does: what was wanted, what was found, what to do.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <exception>
#include <string>
#include <utility>

#include "grok1.h"

namespace grok1 {

// What is wrong with a file, for grok1_model_verify, which goes on after it. kNone: nobody has said.
enum class FileFault : uint32_t {
  kNone = 0,
  kMissing = GROK1_FAULT_MISSING,
  kShort = GROK1_FAULT_SHORT,
  kDamaged = GROK1_FAULT_DAMAGED,
  kDuplicate = GROK1_FAULT_DUPLICATE,
  kExtra = GROK1_FAULT_EXTRA,
  kShape = GROK1_FAULT_SHAPE,
  kEncoding = GROK1_FAULT_ENCODING,
  kNonFinite = GROK1_FAULT_NON_FINITE,
  kChanged = GROK1_FAULT_CHANGED,
  kUnreadable = GROK1_FAULT_UNREADABLE
};

class Failure : public std::exception {
 public:
  Failure(grok1_status status, std::string message, uint32_t source = GROK1_SOURCE_LIBRARY, int32_t native_code = 0,
          uint64_t offset = 0)
      : status_(status), native_code_(native_code), source_(source), offset_(offset), message_(std::move(message)) {}

  // What a backend wrote when one of its functions failed.
  static Failure from_backend(grok1_status status, const grok1_error& error);

  const char* what() const noexcept override { return message_.c_str(); }
  grok1_status status() const noexcept { return status_; }
  int32_t native_code() const noexcept { return native_code_; }
  uint32_t source() const noexcept { return source_; }
  uint64_t offset() const noexcept { return offset_; }
  const std::string& message() const noexcept { return message_; }
  FileFault fault() const noexcept { return fault_; }

  // The same, counted as this kind of fault unless it has one already.
  Failure counted_as(FileFault fault) const {
    Failure counted = *this;
    if (fault_ == FileFault::kNone) counted.fault_ = fault;
    return counted;
  }

 private:
  grok1_status status_;
  int32_t native_code_;
  uint32_t source_;
  uint64_t offset_;
  std::string message_;
  FileFault fault_ = FileFault::kNone;
};

// throw with a formatted message.
template <class... Args>
[[noreturn]] void fail(grok1_status status, fmt::format_string<Args...> format, Args&&... args) {
  throw Failure(status, fmt::format(format, std::forward<Args>(args)...));
}

// A fault in a file's content: the message is prefixed with the path, `offset` is a byte position in that file.
template <class... Args>
[[noreturn]] void fail_in_file(FileFault fault, const std::string& path, uint64_t offset,
                               fmt::format_string<Args...> format, Args&&... args) {
  throw Failure(GROK1_E_BAD_FILE,
                fmt::format("{}: at byte {}: {}", path, offset, fmt::format(format, std::forward<Args>(args)...)),
                GROK1_SOURCE_FILE, 0, offset)
      .counted_as(fault);
}
// The same of a kind that the reader names where it goes on (core/formats/faults.h).
template <class... Args>
[[noreturn]] void fail_in_file(const std::string& path, uint64_t offset, fmt::format_string<Args...> format,
                               Args&&... args) {
  fail_in_file(FileFault::kNone, path, offset, format, std::forward<Args>(args)...);
}

// A refusal of the operating system; `error_number` is errno. The message ends with its text.
[[noreturn]] void fail_in_system(grok1_status status, int error_number, std::string_view what);

// Writes an error where the caller wants one, cut at a character boundary. NULL and structs too short to hold a message
// are ignored as far as they must be.
void write_error(grok1_error* error, const Failure& failure) noexcept;
void clear_error(grok1_error* error, grok1_status status) noexcept;  // status: 0 or information

// Turns the exception being handled into a status, and writes it. Only inside a catch block.
grok1_status handle_exception(grok1_error* error) noexcept;

}  // namespace grok1
