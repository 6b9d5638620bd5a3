// Refusals as text.
#include "backends/gpu/refusal.h"

#include <algorithm>
#include <cstdarg>
#include <cstddef>
#include <cstdio>
#include <cstring>

namespace grok1::accel {

void refuse(grok1_status status, const char* format, ...) {
  Refusal refusal{};
  refusal.status = status;
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(refusal.message, sizeof refusal.message, format, arguments);
  va_end(arguments);
  throw refusal;
}

grok1_status write_error(grok1_error* err, grok1_status status, const char* message, int32_t code) noexcept {
  if (err == nullptr) return status;
  grok1_error written = GROK1_INIT(grok1_error);
  written.struct_size = err->struct_size;
  written.status = status;
  written.source = GROK1_SOURCE_BACKEND;
  written.native_code = code;
  std::snprintf(written.message, sizeof written.message, "%s: %s", gpu::kId, message);
  std::memcpy(err, &written, std::min<size_t>(err->struct_size, sizeof written));
  return status;
}

grok1_status status_of(gpu::Error::Kind kind) noexcept {
  switch (kind) {
    case gpu::Error::Kind::kOutOfMemory: return GROK1_E_OUT_OF_MEMORY;
    case gpu::Error::Kind::kLost: return GROK1_E_DEVICE_LOST;
    case gpu::Error::Kind::kNoDevice:
    case gpu::Error::Kind::kMissingLibrary: return GROK1_E_NOT_FOUND;
    case gpu::Error::Kind::kDriverTooOld: return GROK1_E_UNSUPPORTED;
    default: return GROK1_E_BACKEND;
  }
}

}  // namespace grok1::accel
