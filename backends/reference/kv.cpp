// KV cache: creation, copies of pages, export and import. Who fills it is attention.cpp.
#include "backends/reference/kv.h"

#include <bit>
#include <memory>

#include "backends/reference/binding.h"
#include "backends/reference/queue.h"
#include "backends/reference/refusal.h"
#include "backends/reference/table.h"

namespace grok1::reference {
namespace {

Kv described(const grok1_device* device, const grok1_kv_desc* description) {
  const grok1_kv_desc& desc = input(description, GROK1_TYPE_KV_DESC, "desc");
  Kv kv{device,
        model_numbers(desc.model),
        {},
        desc.kv_head_begin,
        desc.kv_head_end,
        desc.page_tokens,
        desc.n_pages,
        desc.type,
        {}};
  if (desc.n_layers == 0 || desc.n_pages == 0)
    refuse(GROK1_E_INVALID_ARGUMENT, "wanted at least one layer and one page");
  given(desc.layers, "desc.layers");
  kv.layers.assign(desc.layers, desc.layers + desc.n_layers);
  for (uint32_t i = 0; i < desc.n_layers; ++i)
    if (kv.layers[i] >= kv.model.layers || (i > 0 && kv.layers[i] <= kv.layers[i - 1]))
      refuse(GROK1_E_INVALID_ARGUMENT, "layers[%u] is %u; wanted ascending numbers below %u", i, kv.layers[i],
             kv.model.layers);
  if (desc.kv_head_begin >= desc.kv_head_end || desc.kv_head_end > kv.model.kv_heads)
    refuse(GROK1_E_INVALID_ARGUMENT, "kv heads %u .. %u of %u", desc.kv_head_begin, desc.kv_head_end,
           kv.model.kv_heads);
  if (!std::has_single_bit(desc.page_tokens) || desc.page_tokens < 16 || desc.page_tokens > 256)
    refuse(GROK1_E_INVALID_ARGUMENT, "page_tokens is %u; wanted a power of two, 16 .. 256", desc.page_tokens);
  if (cache_bytes(desc.type) == 0) refuse(GROK1_E_UNSUPPORTED, "cache type %u; wanted F32, BF16 or F16", desc.type);
  return kv;
}

uint64_t bytes_of(const Kv& kv) {
  return size_product({kv.layers.size(), kv.n_pages, kv.page_bytes()});
}

void check_page(const Kv& kv, uint32_t page, uint32_t n_tokens) {
  if (page >= kv.n_pages || n_tokens > kv.page_tokens)
    refuse(GROK1_E_INVALID_ARGUMENT, "page %u, %u tokens; the cache has %u pages of %u tokens", page, n_tokens,
           kv.n_pages, kv.page_tokens);
}

// dst: no page twice, none that is also in src.
void check_targets(const uint32_t* src, const uint32_t* dst, size_t n) {
  for (size_t i = 0; i < n; ++i)
    if (std::find(src, src + n, dst[i]) != src + n || std::find(dst, dst + i, dst[i]) != dst + i)
      refuse(GROK1_E_INVALID_ARGUMENT, "dst[%zu] = %u is also a source or another target", i, dst[i]);
}

// The K and V halves of what export and import move.
void check_transfer(const Kv& kv, uint32_t page, uint32_t n_tokens, uint64_t size) {
  check_page(kv, page, n_tokens);
  if (size != 2 * n_tokens * kv.token_bytes())
    refuse(GROK1_E_INVALID_ARGUMENT, "size is %zu; K and V of %u tokens have %zu bytes", size, n_tokens,
           2 * n_tokens * kv.token_bytes());
}

}  // namespace

uint32_t Kv::slot(uint32_t layer) const {
  const auto found = std::lower_bound(layers.begin(), layers.end(), layer);
  if (found == layers.end() || *found != layer)
    refuse(GROK1_E_INVALID_ARGUMENT, "layer %u is not in this KV cache", layer);
  return uint32_t(found - layers.begin());
}

grok1_status kv_plan(grok1_device* device, const grok1_kv_desc* desc, uint64_t* bytes, grok1_error* err) {
  return guarded(err, [&] {
    given(device, "device");
    given(bytes, "bytes") = bytes_of(described(device, desc));
  });
}

grok1_status kv_create(grok1_device* device, const grok1_kv_desc* desc, grok1_kv** kv, grok1_error* err) {
  return guarded(err, [&] {
    given(device, "device");
    given(kv, "kv");
    auto made = std::make_unique<Kv>(described(device, desc));
    made->memory = Memory(bytes_of(*made));
    hand_out(kv, made.release());
  });
}

void kv_destroy(grok1_kv* kv) {
  delete reinterpret_cast<Kv*>(kv);
}

grok1_status kv_copy_pages(grok1_kv* handle, grok1_queue* queue, const uint32_t* src, const uint32_t* dst,
                           const uint32_t* n_tokens, size_t n_pages, grok1_error* err) {
  return guarded(err, [&] {
    const Kv& kv = object<Kv>(handle, "kv");
    object_of<Queue>(kv.device, queue, "queue");
    if (n_pages == 0) return;
    given(src, "src"), given(dst, "dst"), given(n_tokens, "n_tokens");
    for (size_t i = 0; i < n_pages; ++i) check_page(kv, src[i], n_tokens[i]), check_page(kv, dst[i], n_tokens[i]);
    check_targets(src, dst, n_pages);
    for (uint32_t slot = 0; slot < kv.layers.size(); ++slot)
      for (size_t i = 0; i < n_pages; ++i)
        for (const Kv::Half half : {Kv::kKey, Kv::kValue})
          std::memcpy(kv.token(slot, dst[i], half, 0), kv.token(slot, src[i], half, 0), n_tokens[i] * kv.token_bytes());
  });
}

grok1_status kv_export(grok1_kv* handle, grok1_queue* queue, uint32_t layer, uint32_t page, uint32_t n_tokens,
                       void* data, uint64_t size, grok1_error* err) {
  return guarded(err, [&] {
    const Kv& kv = object<Kv>(handle, "kv");
    object_of<Queue>(kv.device, queue, "queue");
    const uint32_t slot = kv.slot(layer);
    check_transfer(kv, page, n_tokens, size);
    if (size == 0) return;
    std::byte* to = static_cast<std::byte*>(data);
    std::memcpy(&given(to, "data"), kv.token(slot, page, Kv::kKey, 0), size / 2);
    std::memcpy(to + size / 2, kv.token(slot, page, Kv::kValue, 0), size / 2);
  });
}

grok1_status kv_import(grok1_kv* handle, grok1_queue* queue, uint32_t layer, uint32_t page, uint32_t n_tokens,
                       const void* data, uint64_t size, grok1_error* err) {
  return guarded(err, [&] {
    const Kv& kv = object<Kv>(handle, "kv");
    object_of<Queue>(kv.device, queue, "queue");
    const uint32_t slot = kv.slot(layer);
    check_transfer(kv, page, n_tokens, size);
    if (size == 0) return;
    const std::byte* from = static_cast<const std::byte*>(data);
    std::memcpy(kv.token(slot, page, Kv::kKey, 0), &given(from, "data"), size / 2);
    std::memcpy(kv.token(slot, page, Kv::kValue, 0), from + size / 2, size / 2);
  });
}

}  // namespace grok1::reference
