// What the vendor's failures mean to the host.
#include "backends/gpu/refusal.h"

#include <cstdio>

namespace grok1::accel {
namespace {

grok1_status status_of(gpu::Error::Kind kind) {
  switch (kind) {
    case gpu::Error::Kind::kOutOfMemory: return GROK1_E_OUT_OF_MEMORY;
    case gpu::Error::Kind::kLost: return GROK1_E_DEVICE_LOST;
    case gpu::Error::Kind::kNoDevice:
    case gpu::Error::Kind::kMissingLibrary: return GROK1_E_NOT_FOUND;
    case gpu::Error::Kind::kDriverTooOld: return GROK1_E_UNSUPPORTED;
    default: return GROK1_E_BACKEND;
  }
}

}  // namespace

void refuse_for(const gpu::Error& error) {
  Refusal refusal{};
  refusal.status = status_of(error.kind);
  refusal.native_code = error.code;
  std::snprintf(refusal.message, sizeof refusal.message, "%s", error.text.c_str());
  throw refusal;
}

}  // namespace grok1::accel
