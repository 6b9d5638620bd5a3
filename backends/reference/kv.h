// The KV cache of one session: for each layer and page K [page_tokens, kv heads, head_dim], then V in the same shape,
// in the cache's type. That is the canonical layout too, token by token.
#ifndef GROK1_BACKENDS_REFERENCE_KV_H
#define GROK1_BACKENDS_REFERENCE_KV_H

#include <vector>

#include "backends/reference/buffer.h"
#include "backends/reference/numbers.h"

namespace grok1::reference {

struct Kv {
  enum Half { kKey = 0, kValue = 1 };

  const grok1_device* device;
  grok1_model_desc model;
  std::vector<uint32_t> layers;  // ascending
  uint32_t kv_head_begin, kv_head_end;
  uint32_t page_tokens, n_pages;
  uint32_t type;
  Memory memory;

  uint64_t token_bytes() const { return uint64_t(kv_head_end - kv_head_begin) * model.head_dim * cache_bytes(type); }
  uint64_t page_bytes() const { return 2 * page_tokens * token_bytes(); }

  // Which of the cache's layers the model's layer is; refused if it is none of them.
  uint32_t slot(uint32_t layer) const;

  // Where a token's K or V begins: [kv heads of the range, head_dim].
  std::byte* token(uint32_t layer_slot, uint32_t page, Half half, uint32_t token_in_page) const {
    return memory.data() + (uint64_t(layer_slot) * n_pages + page) * page_bytes() +
           (uint64_t(half) * page_tokens + token_in_page) * token_bytes();
  }
};

}  // namespace grok1::reference

#endif
