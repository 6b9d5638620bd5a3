// Names and sizes of the weight encodings of grok1.h, and its cache types. What the bits of a block mean only
// encodings/ knows; its numbers and grok1.h's are compared here.
#pragma once

#include <cstdint>

namespace grok1 {

// The smallest part of a tensor that stands alone: one number, or a block of GGUF.
struct EncodingShape {
  uint64_t elements, bytes;  // of a block; both 0 for GROK1_ENCODING_NONE and unknown values
};
EncodingShape encoding_shape(uint32_t encoding);

// Bytes of a block: 4, 2, 2, 1 for F32, F16, BF16, I8, whose blocks are one element; 0 for unknown values.
uint64_t encoding_bytes(uint32_t encoding);

// Bytes of so many elements. GROK1_E_BAD_FILE unless the encoding is known, blocks come out whole and the size fits.
uint64_t encoded_bytes(uint32_t encoding, uint64_t elements);

// "f32", "f16", "bf16", "int8", "q4_k", ...; "none".
const char* encoding_name(uint32_t encoding);

// Whether it is one of GROK1_CACHE_F32 ... Which of them a device has, `supports` says; what they take, kv_plan.
bool is_cache_type(uint32_t cache_type);

}  // namespace grok1
