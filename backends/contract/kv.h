// A KV cache as grok1_kv_desc describes it, whatever its memory looks like, and the checks of calls that name its
// layers and pages.
#ifndef GROK1_BACKENDS_CONTRACT_KV_H
#define GROK1_BACKENDS_CONTRACT_KV_H

#include <vector>

#include "backends/contract/binding.h"
#include "backends/contract/step.h"
#include "backends/contract/support.h"

namespace grok1::contract {

struct KvShape {
  grok1_model_desc model;
  std::vector<uint32_t> layers;  // ascending
  uint32_t kv_head_begin, kv_head_end, page_tokens, n_pages, type;

  uint64_t canonical_row() const { return cache_row_bytes(type, model.head_dim); }  // K or V of a token and a kv head
  uint32_t heads() const { return kv_head_end - kv_head_begin; }
  uint32_t slot(uint32_t layer) const;  // which of `layers`; refuses one that is not there
};

// But for whether the backend has the type.
KvShape checked_kv(const grok1_kv_desc& desc);
void check_page_tokens(uint32_t page_tokens);

// The arguments of kv_copy_pages.
void check_copy(const KvShape& kv, const uint32_t* src, const uint32_t* dst, const uint32_t* n_tokens, size_t n);

// Those of kv_export and kv_import.
void check_transfer(const KvShape& kv, uint32_t page, uint32_t n_tokens, uint64_t size);

// Those of attention: a step, a layer that has attention, and a cache that fit each other. Page ids are not looked at.
void check_attention(const grok1_model_desc& step, const Limits& limits, const LayerShape& layer, const KvShape& kv);

}  // namespace grok1::contract

#endif
