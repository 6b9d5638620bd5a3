// Pages of a KV cache: copied, and to and from the canonical layout.
#include "backends/gpu/kernels/numbers.h"
#include "backends/gpu/kernels/table.h"

namespace grok1::accel::GROK1_GPU_VARIANT {
namespace {

// Elements are moved as bits.
template <class T>
GPU_DEVICE void move(char* to, const char* from) {
  gpu::store(reinterpret_cast<T*>(to), gpu::load(reinterpret_cast<const T*>(from)));
}

// The address of dimension i of a token inside a page; half 0: K, 1: V.
GPU_DEVICE char* inside(const Pages& p, uint32_t page, uint32_t half, uint32_t head, uint32_t token, uint32_t i) {
  return half == 0 ? p.base + p.key(page, head) + p.key_at(token, i)
                   : p.base + p.value(page, head) + p.value_at(token, i);
}

// One block per layer, half and head.
template <class T>
GPU_KERNEL(kThreads, kResident)
copy_page(CopyPagesArgs a) {
  Pages pages = a.pages;
  pages.base += gpu::block_y() * a.layer_bytes;
  const uint32_t half = gpu::block_x() / pages.kv_heads, head = gpu::block_x() % pages.kv_heads;
  for (uint32_t at = thread(); at < a.n_tokens * pages.dim; at += kThreads) {
    const uint32_t token = at / pages.dim, i = at % pages.dim;
    move<T>(inside(pages, a.to, half, head, token, i), inside(pages, a.from, half, head, token, i));
  }
}

template <class T, bool kExport>
GPU_KERNEL(kThreads, kResident)
move_page(PageArgs a) {
  const Pages& pages = a.pages;
  const uint32_t half = gpu::block_x() / pages.kv_heads, head = gpu::block_x() % pages.kv_heads;
  for (uint32_t at = thread(); at < a.n_tokens * pages.dim; at += kThreads) {
    const uint32_t token = at / pages.dim, i = at % pages.dim;
    const uint64_t row = (uint64_t{half} * a.n_tokens + token) * pages.kv_heads + head;
    char* canonical = a.canonical + (row * pages.dim + i) * sizeof(T);
    char* stored = inside(pages, a.page, half, head, token, i);
    kExport ? move<T>(canonical, stored) : move<T>(stored, canonical);
  }
}

template <bool kExport>
void move_page_of(const PageArgs& a, gpu::Stream stream) {
  const gpu::Grid grid{2 * a.pages.kv_heads};
  const char* name = kExport ? "export_page" : "import_page";
  if (a.pages.element == Element::f32)
    gpu::launch(name, move_page<uint32_t, kExport>, grid, kThreads, stream, a);
  else
    gpu::launch(name, move_page<uint16_t, kExport>, grid, kThreads, stream, a);
}

}  // namespace

void copy_pages(const CopyPagesArgs& a, gpu::Stream stream) {
  const gpu::Grid grid{2 * a.pages.kv_heads, a.layers};
  if (a.pages.element == Element::f32)
    gpu::launch("copy_page", copy_page<uint32_t>, grid, kThreads, stream, a);
  else
    gpu::launch("copy_page", copy_page<uint16_t>, grid, kThreads, stream, a);
}

void export_page(const PageArgs& a, gpu::Stream stream) {
  move_page_of<true>(a, stream);
}

void import_page(const PageArgs& a, gpu::Stream stream) {
  move_page_of<false>(a, stream);
}

}  // namespace grok1::accel::GROK1_GPU_VARIANT
