// KV cache: creation, copies of pages, export and import. Who fills it is attention.cpp.
#include "backends/reference/kv.h"

#include <memory>

#include "backends/reference/queue.h"
#include "backends/reference/refusal.h"
#include "backends/reference/table.h"

namespace grok1::reference {
namespace {

Kv described(const grok1_device* device, const grok1_kv_desc* description) {
  const grok1_kv_desc& desc = input(description, GROK1_TYPE_KV_DESC, "desc");
  if (cache_row_bytes(desc.type, 1) == 0)
    refuse(GROK1_E_UNSUPPORTED, "cache type %u; wanted F32, BF16, F16 or I8", desc.type);
  return Kv{checked_kv(desc), device, {}};
}

uint64_t bytes_of(const Kv& kv) {
  return size_product({kv.layers.size(), kv.n_pages, kv.page_bytes()});
}

}  // namespace

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
    check_copy(kv, src, dst, n_tokens, n_pages);
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
