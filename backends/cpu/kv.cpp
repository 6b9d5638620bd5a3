// KV cache: creation, copies of pages, export and import. Who fills and reads it is attention.cpp.
#include "backends/cpu/kv.h"

#include <bit>
#include <memory>

#include "backends/cpu/binding.h"
#include "backends/cpu/queue.h"
#include "backends/cpu/table.h"

namespace grok1::cpu {
namespace {

Kv described(Device& device, const grok1_kv_desc* description) {
  const grok1_kv_desc& desc = input(description, GROK1_TYPE_KV_DESC, "desc");
  const auto element = element_of_cache(desc.type);
  if (!element)
    refuse(GROK1_E_UNSUPPORTED, "cache type %u: the CPU has GROK1_CACHE_F32 (1), BF16 (2) and F16 (3)", desc.type);
  Kv kv{&device,
        checked_model(desc.model),
        {},
        desc.kv_head_begin,
        desc.kv_head_end,
        desc.page_tokens,
        desc.n_pages,
        *element,
        {}};
  if (desc.n_layers == 0 || desc.n_pages == 0)
    refuse(GROK1_E_INVALID_ARGUMENT, "%u layers, %u pages: wanted 1 or more of each", desc.n_layers, desc.n_pages);
  const uint32_t* layers = &given(desc.layers, "desc.layers");
  for (uint32_t i = 0; i < desc.n_layers; ++i)
    if (layers[i] >= kv.model.layers || (i > 0 && layers[i] <= layers[i - 1]))
      refuse(GROK1_E_INVALID_ARGUMENT, "layers[%u] is %u: wanted ascending numbers below %u", i, layers[i],
             kv.model.layers);
  kv.layers.assign(layers, layers + desc.n_layers);
  check_range("kv head", desc.kv_head_begin, desc.kv_head_end, kv.model.kv_heads);
  if (!std::has_single_bit(desc.page_tokens) || desc.page_tokens < 16 || desc.page_tokens > 256)
    refuse(GROK1_E_INVALID_ARGUMENT, "page_tokens is %u: wanted a power of two, 16 .. 256", desc.page_tokens);
  return kv;
}

uint64_t memory_of(const Kv& kv) {
  return size_product({kv.layers.size(), kv.n_pages, kv.page_bytes()});
}

void check_page(const Kv& kv, uint32_t page, uint32_t n_tokens) {
  if (page >= kv.n_pages || n_tokens > kv.page_tokens)
    refuse(GROK1_E_INVALID_ARGUMENT, "page %u, %u tokens: the cache has %u pages of %u tokens", page, n_tokens,
           kv.n_pages, kv.page_tokens);
}

void check_pages(const Kv& kv, const uint32_t* src, const uint32_t* dst, const uint32_t* n_tokens, size_t n) {
  for (size_t i = 0; i < n; ++i) {
    check_page(kv, src[i], n_tokens[i]);
    check_page(kv, dst[i], n_tokens[i]);
    if (std::find(src, src + n, dst[i]) != src + n || std::find(dst, dst + i, dst[i]) != dst + i)
      refuse(GROK1_E_INVALID_ARGUMENT, "dst[%zu]: page %u is also a source or another target", i, dst[i]);
  }
}

void copy_page(const Kv& kv, uint32_t slot, uint32_t src, uint32_t dst, uint32_t n_tokens) {
  for (const Kv::Half half : {Kv::kKey, Kv::kValue})
    for (uint32_t h = 0; h < kv.heads(); ++h)
      std::memcpy(kv.head(slot, dst, half, h), kv.head(slot, src, half, h), n_tokens * kv.token_bytes());
}

// Calls move(inside, outside, bytes) for every row of head_dim numbers of K and V in the canonical order.
template <class Move>
void transfer(const Kv& kv, uint32_t layer, uint32_t page, uint32_t n_tokens, uint64_t size, const Move& move) {
  const uint64_t row = uint64_t{kv.model.head_dim} * bytes_of(kv.element);
  const uint32_t slot = kv.slot(layer);
  check_page(kv, page, n_tokens);
  const uint64_t wanted = 2 * row * kv.heads() * n_tokens;
  if (size != wanted)
    refuse(GROK1_E_INVALID_ARGUMENT, "size is %llu: K and V of %u tokens have %llu bytes",
           static_cast<unsigned long long>(size), n_tokens, static_cast<unsigned long long>(wanted));
  uint64_t at = 0;
  for (const Kv::Half half : {Kv::kKey, Kv::kValue})
    for (uint32_t token = 0; token < n_tokens; ++token)
      for (uint32_t h = 0; h < kv.heads(); ++h, at += row)
        move(kv.head(slot, page, half, h) + token * kv.token_bytes(), at, row);
}

}  // namespace

uint32_t Kv::slot(uint32_t layer) const {
  const auto found = std::lower_bound(layers.begin(), layers.end(), layer);
  if (found == layers.end() || *found != layer)
    refuse(GROK1_E_INVALID_ARGUMENT, "layer %u is none of this KV cache's", layer);
  return static_cast<uint32_t>(found - layers.begin());
}

grok1_status kv_plan(grok1_device* device, const grok1_kv_desc* desc, uint64_t* bytes, grok1_error* err) {
  return guarded(err, [&] {
    Device& self = object<Device>(device, "device");
    given(bytes, "bytes") = memory_of(described(self, desc));
  });
}

grok1_status kv_create(grok1_device* device, const grok1_kv_desc* desc, grok1_kv** kv, grok1_error* err) {
  return guarded(err, [&] {
    Device& self = object<Device>(device, "device");
    given(kv, "kv");
    auto made = std::make_unique<Kv>(described(self, desc));
    made->memory = Memory(memory_of(*made));
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
    check_pages(kv, src, dst, n_tokens, n_pages);
    for (uint32_t slot = 0; slot < kv.layers.size(); ++slot)
      for (size_t i = 0; i < n_pages; ++i) copy_page(kv, slot, src[i], dst[i], n_tokens[i]);
  });
}

grok1_status kv_export(grok1_kv* handle, grok1_queue* queue, uint32_t layer, uint32_t page, uint32_t n_tokens,
                       void* data, uint64_t size, grok1_error* err) {
  return guarded(err, [&] {
    const Kv& kv = object<Kv>(handle, "kv");
    object_of<Queue>(kv.device, queue, "queue");
    char* to = size == 0 ? nullptr : &given(static_cast<char*>(data), "data");
    transfer(kv, layer, page, n_tokens, size,
             [&](const char* inside, uint64_t at, uint64_t bytes) { std::memcpy(to + at, inside, bytes); });
  });
}

grok1_status kv_import(grok1_kv* handle, grok1_queue* queue, uint32_t layer, uint32_t page, uint32_t n_tokens,
                       const void* data, uint64_t size, grok1_error* err) {
  return guarded(err, [&] {
    const Kv& kv = object<Kv>(handle, "kv");
    object_of<Queue>(kv.device, queue, "queue");
    const char* from = size == 0 ? nullptr : &given(static_cast<const char*>(data), "data");
    transfer(kv, layer, page, n_tokens, size,
             [&](char* inside, uint64_t at, uint64_t bytes) { std::memcpy(inside, from + at, bytes); });
  });
}

}  // namespace grok1::cpu
