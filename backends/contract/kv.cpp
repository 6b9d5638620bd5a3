// Descriptions of KV caches, their pages and transfers.
#include "backends/contract/kv.h"

#include <bit>

namespace grok1::contract {
namespace {

void check_page(const KvShape& kv, uint32_t page, uint32_t n_tokens) {
  if (page >= kv.n_pages || n_tokens > kv.page_tokens)
    refuse(GROK1_E_INVALID_ARGUMENT, "page %u, %u tokens: the cache has %u pages of %u tokens", page, n_tokens,
           kv.n_pages, kv.page_tokens);
}

}  // namespace

uint32_t KvShape::slot(uint32_t layer) const {
  const auto found = std::lower_bound(layers.begin(), layers.end(), layer);
  if (found == layers.end() || *found != layer)
    refuse(GROK1_E_INVALID_ARGUMENT, "layer %u is none of this KV cache's", layer);
  return static_cast<uint32_t>(found - layers.begin());
}

void check_page_tokens(uint32_t page_tokens) {
  if (!std::has_single_bit(page_tokens) || page_tokens < 16 || page_tokens > 256)
    refuse(GROK1_E_INVALID_ARGUMENT, "page_tokens is %u: wanted a power of two, 16 .. 256", page_tokens);
}

KvShape checked_kv(const grok1_kv_desc& desc) {
  KvShape kv{checked_model(desc.model), {},           desc.kv_head_begin, desc.kv_head_end,
             desc.page_tokens,          desc.n_pages, desc.type};
  if (desc.n_layers == 0 || desc.n_pages == 0)
    refuse(GROK1_E_INVALID_ARGUMENT, "%u layers, %u pages: wanted 1 or more of each", desc.n_layers, desc.n_pages);
  const uint32_t* layers = &given(desc.layers, "desc.layers");
  for (uint32_t i = 0; i < desc.n_layers; ++i)
    if (layers[i] >= kv.model.layers || (i > 0 && layers[i] <= layers[i - 1]))
      refuse(GROK1_E_INVALID_ARGUMENT, "layers[%u] is %u: wanted ascending numbers below %u", i, layers[i],
             kv.model.layers);
  kv.layers.assign(layers, layers + desc.n_layers);
  check_range("kv head", desc.kv_head_begin, desc.kv_head_end, kv.model.kv_heads);
  check_page_tokens(desc.page_tokens);
  return kv;
}

void check_copy(const KvShape& kv, const uint32_t* src, const uint32_t* dst, const uint32_t* n_tokens, size_t n) {
  if (n == 0) return;
  given(src, "src"), given(dst, "dst"), given(n_tokens, "n_tokens");
  for (size_t i = 0; i < n; ++i) {
    check_page(kv, src[i], n_tokens[i]);
    check_page(kv, dst[i], n_tokens[i]);
    if (std::find(src, src + n, dst[i]) != src + n || std::find(dst, dst + i, dst[i]) != dst + i)
      refuse(GROK1_E_INVALID_ARGUMENT, "dst[%zu]: page %u is also a source or another target", i, dst[i]);
  }
}

void check_transfer(const KvShape& kv, uint32_t page, uint32_t n_tokens, uint64_t size) {
  check_page(kv, page, n_tokens);
  const uint64_t wanted = 2 * kv.canonical_row() * kv.heads() * n_tokens;
  if (size != wanted)
    refuse(GROK1_E_INVALID_ARGUMENT, "size is %llu: K and V of %u tokens have %llu bytes", Number{size}, n_tokens,
           Number{wanted});
}

void check_attention(const grok1_model_desc& step, const Limits& limits, const LayerShape& layer, const KvShape& kv) {
  check_same_model(step, layer.model, "layer");
  check_same_model(step, kv.model, "kv");
  if (kv.kv_head_begin != layer.kv_head_begin || kv.kv_head_end != layer.kv_head_end)
    refuse(GROK1_E_INVALID_ARGUMENT, "the cache holds kv heads %u .. %u, the layer's share is %u .. %u",
           kv.kv_head_begin, kv.kv_head_end, layer.kv_head_begin, layer.kv_head_end);
  if (kv.page_tokens != limits.page_tokens)
    refuse(GROK1_E_INVALID_ARGUMENT, "pages of the cache have %u tokens, those of the step %u", kv.page_tokens,
           limits.page_tokens);
}

}  // namespace grok1::contract
