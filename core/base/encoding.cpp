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

EncodingShape encoding_shape(uint32_t encoding) {
  return {1, static_cast<uint32_t>(encoding_bytes(encoding))};
}

uint64_t encoded_bytes(uint32_t encoding, uint64_t elements) {
  const EncodingShape shape = encoding_shape(encoding);
  return elements / shape.elements * shape.bytes;
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

bool is_cache_type(uint32_t cache_type) {
  return cache_type >= GROK1_CACHE_F32 && cache_type <= GROK1_CACHE_I8;
}

}  // namespace grok1
