#include "core/base/encoding.h"

#include "grok1.h"

namespace grok1 {

uint64_t encoding_bytes(uint32_t encoding) {
  switch (encoding) {
    case GROK1_ENCODING_F32: return 4;
    case GROK1_ENCODING_F16: return 2;
    case GROK1_ENCODING_BF16: return 2;
    case GROK1_ENCODING_I8: return 1;
    default: return 0;
  }
}

const char* encoding_name(uint32_t encoding) {
  switch (encoding) {
    case GROK1_ENCODING_F32: return "f32";
    case GROK1_ENCODING_F16: return "f16";
    case GROK1_ENCODING_BF16: return "bf16";
    case GROK1_ENCODING_I8: return "int8";
    default: return "none";
  }
}

uint64_t cache_bytes(uint32_t cache_type) {
  switch (cache_type) {
    case GROK1_CACHE_F32: return 4;
    case GROK1_CACHE_BF16: return 2;
    case GROK1_CACHE_F16: return 2;
    default: return 0;
  }
}

}  // namespace grok1
