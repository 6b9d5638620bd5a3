// KV cache: creation, copies of pages, export and import. Who fills and reads it are the kernels of attention.
#include "backends/gpu/kv.h"

#include <cstring>
#include <memory>
#include <optional>

#include "backends/gpu/queue.h"
#include "backends/gpu/table.h"

namespace grok1::accel {
namespace {

std::optional<Element> element_of_cache(uint32_t type) {
  switch (type) {
    case GROK1_CACHE_F32: return Element::f32;
    case GROK1_CACHE_F16: return Element::f16;
    case GROK1_CACHE_BF16: return Element::bf16;
    default: return std::nullopt;
  }
}

Kv described(Device* device, const grok1_kv_desc* description) {
  const grok1_kv_desc& desc = input(description, GROK1_TYPE_KV_DESC, "desc");
  const auto element = element_of_cache(desc.type);
  if (!element)
    refuse(GROK1_E_UNSUPPORTED, "cache type %u: the GPU has GROK1_CACHE_F32 (1), BF16 (2) and F16 (3)", desc.type);
  return Kv{checked_kv(desc), device, *element, {}};
}

uint64_t memory_of(const Kv& kv) {
  return size_product({kv.layers.size(), kv.layer_bytes()});
}

// A page on its way through a slot of the queue.
PageArgs page_args(const Kv& kv, uint32_t layer, uint32_t page, uint32_t n_tokens, uint64_t size) {
  check_transfer(kv, page, n_tokens, size);
  return {kv.pages(layer), page, n_tokens, nullptr};
}

}  // namespace

Pages Kv::first() const {
  Pages pages{memory.data(), 0, heads(), model.head_dim, page_tokens, element};
  pages.page_bytes = size_product({2, heads(), pages.head_bytes()});
  return pages;
}

uint64_t Kv::layer_bytes() const {
  return size_product({n_pages, first().page_bytes});
}

Pages Kv::pages(uint32_t layer) const {
  Pages pages = first();
  pages.base += slot(layer) * layer_bytes();
  return pages;
}

grok1_status kv_plan(grok1_device* device, const grok1_kv_desc* desc, uint64_t* bytes, grok1_error* err) {
  return guarded(err, [&] {
    Device& self = object<Device>(device, "device");
    given(bytes, "bytes") = memory_of(described(&self, desc));
  });
}

grok1_status kv_create(grok1_device* handle, const grok1_kv_desc* desc, grok1_kv** kv, grok1_error* err) {
  Device* device = reinterpret_cast<Device*>(handle);
  return on_device(device, err, [&] {
    given(kv, "kv");
    auto made = std::make_unique<Kv>(described(device, desc));
    made->memory = DeviceMemory(memory_of(*made));
    hand_out(kv, made.release());
  });
}

void kv_destroy(grok1_kv* handle) {
  Kv* kv = reinterpret_cast<Kv*>(handle);
  if (kv != nullptr) on_device(kv->device, nullptr, [&] { delete kv; });
}

grok1_status kv_copy_pages(grok1_kv* handle, grok1_queue* queue_handle, const uint32_t* src, const uint32_t* dst,
                           const uint32_t* n_tokens, size_t n_pages, grok1_error* err) {
  return guarded(err, [&] {
    const Kv& kv = object<Kv>(handle, "kv");
    const gpu::Selected selected(kv.device->number);
    const Queue& queue = object_of<Queue>(kv.device, queue_handle, "queue");
    check_copy(kv, src, dst, n_tokens, n_pages);
    for (size_t i = 0; i < n_pages; ++i)
      kv.device->kernels.copy_pages(
          {kv.first(), kv.layer_bytes(), static_cast<uint32_t>(kv.layers.size()), src[i], dst[i], n_tokens[i]},
          queue.stream);
  });
}

// The host's memory is not pinned, so a page waits for its copy.
grok1_status kv_export(grok1_kv* handle, grok1_queue* queue_handle, uint32_t layer, uint32_t page, uint32_t n_tokens,
                       void* data, uint64_t size, grok1_error* err) {
  return guarded(err, [&] {
    const Kv& kv = object<Kv>(handle, "kv");
    const gpu::Selected selected(kv.device->number);
    Queue& queue = object_of<Queue>(kv.device, queue_handle, "queue");
    PageArgs args = page_args(kv, layer, page, n_tokens, size);
    if (size == 0) return;
    given(static_cast<char*>(data), "data");
    Slot& slot = queue.slot(size);
    args.canonical = slot.device.data();
    kv.device->kernels.export_page(args, queue.stream);
    gpu::copy_to_host(slot.host.data(), slot.device.data(), size, queue.stream);
    queue.release(slot);
    gpu::synchronize(slot.free.event);
    std::memcpy(data, slot.host.data(), size);
  });
}

grok1_status kv_import(grok1_kv* handle, grok1_queue* queue_handle, uint32_t layer, uint32_t page, uint32_t n_tokens,
                       const void* data, uint64_t size, grok1_error* err) {
  return guarded(err, [&] {
    const Kv& kv = object<Kv>(handle, "kv");
    const gpu::Selected selected(kv.device->number);
    Queue& queue = object_of<Queue>(kv.device, queue_handle, "queue");
    PageArgs args = page_args(kv, layer, page, n_tokens, size);
    if (size == 0) return;
    Slot& slot = queue.slot(size);
    std::memcpy(slot.host.data(), &given(static_cast<const char*>(data), "data"), size);
    gpu::copy_to_device(slot.device.data(), slot.host.data(), size, queue.stream);
    args.canonical = slot.device.data();
    kv.device->kernels.import_page(args, queue.stream);
    queue.release(slot);
  });
}

}  // namespace grok1::accel
