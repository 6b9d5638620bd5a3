// What encodings and types there are.
#include "backends/contract/support.h"

#include "backends/contract/refusal.h"

namespace grok1::contract {
namespace {

bool supports_linear(uint32_t encoding, uint32_t scale_encoding, uint32_t order) {
  if (encoding == GROK1_ENCODING_I8)
    return order == GROK1_ORDER_KN && (scale_encoding == GROK1_ENCODING_BF16 || scale_encoding == GROK1_ENCODING_F32);
  return encoding_bytes(encoding) != 0 && scale_encoding == GROK1_ENCODING_NONE &&
         (order == GROK1_ORDER_KN || order == GROK1_ORDER_NK);
}

bool supported(uint32_t what, uint32_t a, uint32_t b, uint32_t c) {
  switch (what) {
    case GROK1_SUPPORT_LINEAR: return supports_linear(a, b, c);
    case GROK1_SUPPORT_VECTOR:
    case GROK1_SUPPORT_EMBEDDING: return encoding_bytes(a) != 0 && a != GROK1_ENCODING_I8;
    case GROK1_SUPPORT_CACHE: return cache_row_bytes(a, 1) != 0;
    default: return false;
  }
}

}  // namespace

uint32_t encoding_bytes(uint32_t encoding) {
  switch (encoding) {
    case GROK1_ENCODING_F32: return 4;
    case GROK1_ENCODING_F16:
    case GROK1_ENCODING_BF16: return 2;
    case GROK1_ENCODING_I8: return 1;
    default: return 0;
  }
}

uint64_t cache_row_bytes(uint32_t type, uint32_t count) {
  switch (type) {
    case GROK1_CACHE_F32: return uint64_t{4} * count;
    case GROK1_CACHE_F16:
    case GROK1_CACHE_BF16: return uint64_t{2} * count;
    case GROK1_CACHE_I8: return sizeof(float) + uint64_t{count};
    default: return 0;
  }
}

void check_supported(const char* who, uint32_t what, uint32_t a, uint32_t b, uint32_t c) {
  if (!supported(what, a, b, c))
    refuse(GROK1_E_UNSUPPORTED,
           "question %u with %u, %u, %u: the %s does F32, F16 and BF16, and linear weights as I8 with BF16 or F32 "
           "scales in order KN",
           what, a, b, c, who);
}

}  // namespace grok1::contract
