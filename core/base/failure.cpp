#include "core/base/failure.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <new>
#include <system_error>

namespace grok1 {
namespace {

// A struct_size beyond this is no newer version's but memory that nobody initialised: nothing is written there.
constexpr size_t kLargestStruct = 65536;

void write(grok1_error* error, grok1_status status, int32_t native_code, uint32_t source, uint64_t offset,
           std::string_view message) noexcept {
  if (error == nullptr || error->struct_size < offsetof(grok1_error, message) || error->struct_size > kLargestStruct) {
    return;
  }
  error->status = status;
  error->native_code = native_code;
  error->source = source;
  error->offset = offset;
  const size_t known = std::min<size_t>(error->struct_size, sizeof(grok1_error));
  std::memset(reinterpret_cast<char*>(error) + known, 0, error->struct_size - known);  // a newer caller's fields
  const size_t capacity = known - offsetof(grok1_error, message);
  if (capacity == 0) return;
  size_t size = std::min(message.size(), capacity - 1);
  if (size < message.size()) {  // never end inside a UTF-8 character
    while (size > 0 && (static_cast<unsigned char>(message[size]) & 0xC0) == 0x80) --size;
  }
  std::memcpy(error->message, message.data(), size);
  error->message[size] = '\0';
}

}  // namespace

Failure Failure::from_backend(grok1_status status, const grok1_error& error) {
  return {status < 0 ? status : GROK1_E_BACKEND, error.message[0] ? error.message : "the backend gave no reason",
          GROK1_SOURCE_BACKEND, error.native_code, 0};
}

void fail_in_system(grok1_status status, int error_number, std::string_view what) {
  throw Failure(status, fmt::format("{}: {}", what, std::generic_category().message(error_number)), GROK1_SOURCE_SYSTEM,
                error_number);
}

void write_error(grok1_error* error, const Failure& failure) noexcept {
  write(error, failure.status(), failure.native_code(), failure.source(), failure.offset(), failure.message());
}

void clear_error(grok1_error* error, grok1_status status) noexcept {
  write(error, status, 0, GROK1_SOURCE_NONE, 0, "");
}

grok1_status handle_exception(grok1_error* error) noexcept {
  try {
    throw;
  } catch (const Failure& failure) {
    write_error(error, failure);
    return failure.status();
  } catch (const std::bad_alloc&) {
    write(error, GROK1_E_OUT_OF_MEMORY, 0, GROK1_SOURCE_LIBRARY, 0, "not enough host memory");
    return GROK1_E_OUT_OF_MEMORY;
  } catch (const std::exception& other) {
    write(error, GROK1_E_INTERNAL, 0, GROK1_SOURCE_LIBRARY, 0, other.what());
    return GROK1_E_INTERNAL;
  } catch (...) {
    write(error, GROK1_E_INTERNAL, 0, GROK1_SOURCE_LIBRARY, 0, "an exception of unknown type; please report it");
    return GROK1_E_INTERNAL;
  }
}

}  // namespace grok1
