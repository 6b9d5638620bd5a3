// The KV cache of one session: for each layer and page K [page_tokens, kv heads, head_dim], then V in the same shape,
// each row of head_dim in the form of the cache's type. That is the canonical layout too, token by token.
#ifndef GROK1_BACKENDS_REFERENCE_KV_H
#define GROK1_BACKENDS_REFERENCE_KV_H

#include "backends/contract/kv.h"
#include "backends/reference/buffer.h"
#include "backends/reference/numbers.h"

namespace grok1::reference {

struct Kv : KvShape {
  enum Half { kKey = 0, kValue = 1 };

  const grok1_device* device;
  Memory memory;

  uint64_t token_bytes() const { return heads() * canonical_row(); }
  uint64_t page_bytes() const { return 2 * page_tokens * token_bytes(); }

  // Where a token's K or V begins: [kv heads of the range, head_dim].
  std::byte* token(uint32_t layer_slot, uint32_t page, Half half, uint32_t token_in_page) const {
    return memory.data() + (uint64_t(layer_slot) * n_pages + page) * page_bytes() +
           (uint64_t(half) * page_tokens + token_in_page) * token_bytes();
  }
};

}  // namespace grok1::reference

#endif
