// KV cache: creation, copies of pages, export and import. Who fills and reads it is attention.cpp.
#include "backends/cpu/kv.h"

#include <memory>

#include "backends/cpu/queue.h"
#include "backends/cpu/table.h"

namespace grok1::cpu {
namespace {

Kv described(Device& device, const grok1_kv_desc* description) {
  const grok1_kv_desc& desc = input(description, GROK1_TYPE_KV_DESC, "desc");
  const auto element = element_of_cache(desc.type);
  if (!element)
    refuse(GROK1_E_UNSUPPORTED, "cache type %u: the CPU has GROK1_CACHE_F32 (1), BF16 (2), F16 (3) and I8 (4)",
           desc.type);
  return Kv{checked_kv(desc), &device, *element, {}};
}

uint64_t memory_of(const Kv& kv) {
  return size_product({kv.layers.size(), 2, kv.heads(), kv.n_pages, kv.page_bytes()});
}

void copy_page(const Kv& kv, uint32_t slot, uint32_t src, uint32_t dst, uint32_t n_tokens) {
  for (const Kv::Half half : {Kv::kKey, Kv::kValue})
    for (uint32_t h = 0; h < kv.heads(); ++h)
      std::memcpy(kv.head(slot, dst, half, h), kv.head(slot, src, half, h), uint64_t{n_tokens} * kv.row_bytes());
}

// Calls move(inside, outside, bytes) for every row of K and V in the canonical order.
template <class Move>
void transfer(const Kv& kv, uint32_t layer, uint32_t page, uint32_t n_tokens, uint64_t size, const Move& move) {
  const uint64_t row = kv.canonical_row();
  const uint32_t slot = kv.slot(layer);
  check_transfer(kv, page, n_tokens, size);
  uint64_t at = 0;
  for (const Kv::Half half : {Kv::kKey, Kv::kValue})
    for (uint32_t token = 0; token < n_tokens; ++token)
      for (uint32_t h = 0; h < kv.heads(); ++h, at += row)
        move(kv.head(slot, page, half, h) + uint64_t{token} * kv.row_bytes(), at, row);
}

}  // namespace

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
    check_copy(kv, src, dst, n_tokens, n_pages);
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
