// The type numbers that ggml gives to tensors, and which encoding of grok1.h each is. Sizes are not here but in
// core/base/encoding.h.
#pragma once

#include <cstdint>

namespace grok1 {

struct GgufTensorType {
  uint32_t number;
  const char* name;
  uint32_t encoding;  // GROK1_ENCODING_*; _NONE for a type that ggml has and this library has not
};

// NULL for a number that ggml does not use.
const GgufTensorType* find_gguf_tensor_type(uint32_t number);

}  // namespace grok1
