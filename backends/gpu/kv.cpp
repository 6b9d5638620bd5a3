// KV cache: creation, copies of pages, export and import. Who fills and reads it are the kernels of attention.
#include "backends/gpu/kv.h"

#include <bit>
#include <cstring>
#include <memory>

#include "backends/gpu/binding.h"
#include "backends/gpu/queue.h"
#include "backends/gpu/table.h"

namespace grok1::accel {
namespace {

Kv described(Device* device, const grok1_kv_desc* description) {
  const grok1_kv_desc& desc = input(description, GROK1_TYPE_KV_DESC, "desc");
  const auto element = element_of_cache(desc.type);
  if (!element)
    refuse(GROK1_E_UNSUPPORTED, "cache type %u: the GPU has GROK1_CACHE_F32 (1), BF16 (2) and F16 (3)", desc.type);
  Kv kv{device,
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
  return size_product({kv.layers.size(), kv.layer_bytes()});
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

// A page on its way through a slot of the queue.
PageArgs page_args(const Kv& kv, uint32_t layer, uint32_t page, uint32_t n_tokens, uint64_t size) {
  check_page(kv, page, n_tokens);
  const Pages pages = kv.pages(layer);
  const uint64_t wanted = uint64_t{2} * pages.kv_heads * pages.dim * n_tokens * bytes_of(kv.element);
  if (size != wanted)
    refuse(GROK1_E_INVALID_ARGUMENT, "size is %llu: K and V of %u tokens have %llu bytes",
           static_cast<unsigned long long>(size), n_tokens, static_cast<unsigned long long>(wanted));
  return {pages, page, n_tokens, nullptr};
}

}  // namespace

std::optional<Element> element_of_cache(uint32_t type) {
  switch (type) {
    case GROK1_CACHE_F32: return Element::f32;
    case GROK1_CACHE_F16: return Element::f16;
    case GROK1_CACHE_BF16: return Element::bf16;
    default: return std::nullopt;
  }
}

Pages Kv::first() const {
  Pages pages{memory.data(), 0, heads(), model.head_dim, page_tokens, element};
  pages.page_bytes = size_product({2, heads(), pages.head_bytes()});
  return pages;
}

uint64_t Kv::layer_bytes() const {
  return size_product({n_pages, first().page_bytes});
}

Pages Kv::pages(uint32_t layer) const {
  const auto found = std::lower_bound(layers.begin(), layers.end(), layer);
  if (found == layers.end() || *found != layer)
    refuse(GROK1_E_INVALID_ARGUMENT, "layer %u is none of this KV cache's", layer);
  Pages pages = first();
  pages.base += static_cast<uint64_t>(found - layers.begin()) * layer_bytes();
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
    if (n_pages == 0) return;
    given(src, "src"), given(dst, "dst"), given(n_tokens, "n_tokens");
    check_pages(kv, src, dst, n_tokens, n_pages);
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
