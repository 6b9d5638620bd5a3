// Refusals as text.
#include "backends/contract/refusal.h"

#include <algorithm>
#include <cstdarg>
#include <cstddef>
#include <cstdio>
#include <cstring>

namespace grok1::contract {

void refuse(grok1_status status, const char* format, ...) {
  Refusal refusal{};
  refusal.status = status;
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(refusal.message, sizeof refusal.message, format, arguments);
  va_end(arguments);
  throw refusal;
}

grok1_status write_error(grok1_error* err, const char* backend, grok1_status status, const char* message,
                         int32_t code) noexcept {
  if (err == nullptr) return status;
  grok1_error written = GROK1_INIT(grok1_error);
  written.struct_size = err->struct_size;
  written.status = status;
  written.source = GROK1_SOURCE_BACKEND;
  written.native_code = code;
  std::snprintf(written.message, sizeof written.message, "%s: %s", backend, message);
  std::memcpy(err, &written, std::min<size_t>(err->struct_size, sizeof written));
  return status;
}

}  // namespace grok1::contract
