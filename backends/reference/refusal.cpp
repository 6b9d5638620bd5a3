// Refusals as text: formatted into a fixed array, so that reporting "out of memory" needs none.
#include "backends/reference/refusal.h"

#include <cstdarg>
#include <cstdio>

namespace grok1::reference {

void refuse(grok1_status status, const char* format, ...) {
  Refusal refusal{};
  refusal.status = status;
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(refusal.message, sizeof refusal.message, format, arguments);
  va_end(arguments);
  throw refusal;
}

grok1_status write_error(grok1_error* err, grok1_status status, const char* message) noexcept {
  if (err == nullptr) return status;
  err->status = status;
  err->native_code = 0;
  err->source = GROK1_SOURCE_BACKEND;
  err->offset = 0;
  std::snprintf(err->message, sizeof err->message, "reference: %s", message);
  return status;
}

}  // namespace grok1::reference
