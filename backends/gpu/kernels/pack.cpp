// Weights from the order of the file to tiles (shapes.h). The target was zeroed, so padding is not written. One thread
// an element: a load is bound by the disk and the bus, not by this.
#include "backends/gpu/kernels/numbers.h"
#include "backends/gpu/kernels/table.h"

namespace grok1::accel::GROK1_GPU_VARIANT {
namespace {

template <class T>
GPU_KERNEL(kThreads, kResident)
pack_elements(PackArgs a) {
  const uint32_t inner = gpu::block_x() * kThreads + thread();
  if (inner >= a.inner) return;
  for (uint32_t i = gpu::block_y(); i < a.outer_count; i += kGridRows) {
    const T value = gpu::load_once(reinterpret_cast<const T*>(a.raw) + uint64_t{i} * a.inner + inner);
    const uint32_t outer = a.outer_begin + i, n = a.nk ? outer : inner, k = a.nk ? inner : outer;
    gpu::store(reinterpret_cast<T*>(a.tiles) + a.matrix.element_at(n, a.matrix.split.place(k)), value);
  }
}

GPU_KERNEL(kThreads, kResident) pack_group_scales(PackScalesArgs a) {
  const uint32_t n = gpu::block_x() * kThreads + thread();
  if (n >= a.matrix.n) return;
  for (uint32_t g = 0; g < a.group_count; ++g) {
    const uint64_t at = uint64_t{g} * a.matrix.n + n;
    const float scale = a.bf16 ? value_at<Element::bf16>(a.raw, at) : value_at<Element::f32>(a.raw, at);
    gpu::store(a.scales + a.matrix.scale_at(0, a.group_begin + g, n), scale);
  }
}

}  // namespace

void pack(const PackArgs& a, gpu::Stream stream) {
  const gpu::Grid grid{divide_up(a.inner, kThreads), least(a.outer_count, kGridRows)};
  switch (bytes_of(a.matrix.element)) {
    case 1: return gpu::launch("pack_elements", pack_elements<uint8_t>, grid, kThreads, stream, a);
    case 2: return gpu::launch("pack_elements", pack_elements<uint16_t>, grid, kThreads, stream, a);
    default: return gpu::launch("pack_elements", pack_elements<uint32_t>, grid, kThreads, stream, a);
  }
}

void pack_scales(const PackScalesArgs& a, gpu::Stream stream) {
  gpu::launch("pack_group_scales", pack_group_scales, {divide_up(a.matrix.n, kThreads)}, kThreads, stream, a);
}

}  // namespace grok1::accel::GROK1_GPU_VARIANT
