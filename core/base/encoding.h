// Names and element sizes of the weight encodings and cache types of grok1.h.
#pragma once

#include <cstdint>

namespace grok1 {

// Bytes of one element: 4, 2, 2, 1; 0 for GROK1_ENCODING_NONE and unknown values.
uint64_t encoding_bytes(uint32_t encoding);

// "f32", "f16", "bf16", "int8", "none".
const char* encoding_name(uint32_t encoding);

// Bytes of one element of a KV cache: 4, 2, 2; 0 for unknown values.
uint64_t cache_bytes(uint32_t cache_type);

}  // namespace grok1
