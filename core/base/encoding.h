// Names and element sizes of the weight encodings of grok1.h, and its cache types.
#pragma once

#include <cstdint>

namespace grok1 {

// Bytes of one element: 4, 2, 2, 1; 0 for GROK1_ENCODING_NONE and unknown values.
uint64_t encoding_bytes(uint32_t encoding);

// Elements that are stored together and the bytes they take: 1 and encoding_bytes() where each stands alone.
struct EncodingShape {
  uint32_t elements, bytes;
};
EncodingShape encoding_shape(uint32_t encoding);

// Of whole blocks.
uint64_t encoded_bytes(uint32_t encoding, uint64_t elements);

// "f32", "f16", "bf16", "int8", "none".
const char* encoding_name(uint32_t encoding);

// Whether it is one of GROK1_CACHE_F32 ... Which of them a device has, `supports` says; what they take, kv_plan.
bool is_cache_type(uint32_t cache_type);

}  // namespace grok1
