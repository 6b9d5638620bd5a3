// What encodings and types there are.
#include "backends/contract/support.h"

#include "backends/contract/refusal.h"
#include "encodings/encoding.h"

namespace grok1::contract {
namespace {

bool supports_linear(uint32_t encoding, uint32_t scale_encoding, uint32_t order) {
  if (encoding == GROK1_ENCODING_I8)
    return order == GROK1_ORDER_KN && (scale_encoding == GROK1_ENCODING_BF16 || scale_encoding == GROK1_ENCODING_F32);
  return block_of(encoding).elements != 0 && scale_encoding == GROK1_ENCODING_NONE &&
         (order == GROK1_ORDER_NK || (order == GROK1_ORDER_KN && !is_in_blocks(encoding)));
}

bool supported(uint32_t what, uint32_t a, uint32_t b, uint32_t c) {
  switch (what) {
    case GROK1_SUPPORT_LINEAR: return supports_linear(a, b, c);
    case GROK1_SUPPORT_VECTOR: return block_of(a).elements == 1 && a != GROK1_ENCODING_I8;
    case GROK1_SUPPORT_EMBEDDING: return block_of(a).elements != 0 && a != GROK1_ENCODING_I8;
    case GROK1_SUPPORT_CACHE: return cache_row_bytes(a, 1) != 0;
    default: return false;
  }
}

}  // namespace

Block block_of(uint32_t encoding) {
  if (encoding == GROK1_ENCODING_I8) return {1, 1};
  Block block{};
  encodings::with_encoding(encodings::Id{encoding}, [&](auto e) {
    block = {static_cast<uint32_t>(e.kBlock), static_cast<uint32_t>(e.kBytes)};
  });
  return block;
}

const char* name_of_blocks(uint32_t encoding) {
  const char* name = "";
  encodings::with_encoding(encodings::Id{encoding}, [&](auto e) { name = e.kName; });
  return name;
}

void check_blocks_offered(const Offer& offer, uint32_t encoding) {
  if (is_in_blocks(encoding) && !offer.blocks)
    refuse(GROK1_E_UNSUPPORTED, "encoding %s (%u): the %s takes no block encodings; choose a device that does: a CPU",
           name_of_blocks(encoding), encoding, offer.who);
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

void check_supported(const Offer& offer, uint32_t what, uint32_t a, uint32_t b, uint32_t c) {
  if (what == GROK1_SUPPORT_LINEAR || what == GROK1_SUPPORT_EMBEDDING) check_blocks_offered(offer, a);
  if (!supported(what, a, b, c))
    refuse(GROK1_E_UNSUPPORTED,
           "question %u with %u, %u, %u: the %s does F32, F16 and BF16, and linear weights as I8 with BF16 or F32 "
           "scales in order KN%s",
           what, a, b, c, offer.who, offer.blocks ? ", and in blocks in order NK" : "");
}

}  // namespace grok1::contract
