// All kernels of one instruction set. Compiled once for each, with its -m flags and -DGROK1_ISA=its name, into a
// namespace of that name. Includes neither the standard C++ library nor anything inline that another file could share.
#include "backends/cpu/kernels/attend.h"
#include "backends/cpu/kernels/dots.h"
#include "backends/cpu/kernels/linear_float.h"
#include "backends/cpu/kernels/probe.h"
#include "backends/cpu/kernels/quantise.h"
#include "backends/cpu/kernels/rows.h"
#include "backends/cpu/kernels/sweep_i8.h"
#include "backends/cpu/kernels/tile_gemm.h"
#include "backends/cpu/kernels/tile_i8.h"

namespace grok1::cpu::GROK1_ISA {
namespace {

void sweep(const Matrix& w, const Rows& rows, uint32_t chunk, uint32_t n_begin, uint32_t n_end, float* partial,
           uint64_t stride, void* scratch) {
  if (w.element == Element::i8) {
    sweep_i8(w, rows, w.chunks[chunk], n_begin, n_end, partial, stride, scratch);
  } else {
    sweep_float(w, rows, w.chunks[chunk], n_begin, n_end, partial, stride);
  }
}

void tile(const Matrix& w, const Rows& rows, uint32_t n_begin, uint32_t n_end, float* y, uint64_t stride,
          void* scratch) {
  if (w.element == Element::i8) {
    rows.one_digit ? tile_i8<Quads>(w, rows, n_begin, n_end, y, stride, scratch)
                   : tile_i8<Pairs>(w, rows, n_begin, n_end, y, stride, scratch);
  } else {
    tile_float(w, rows, n_begin, n_end, y, stride, scratch);
  }
}

// Chunks by index, then groups by index: the order of end_chunk() in tile_i8.h.
template <Element E>
void reduce_i8(const Matrix& w, const float* partial, uint64_t stride, uint32_t n_begin, uint32_t n_end, float* y) {
  in_sixteens(n_end - n_begin, [&](uint64_t n, uint32_t lanes) {
    Float16 group = set(0.0f), sum = set(0.0f);
    for (uint32_t c = 0; c < w.n_chunks; ++c) {
      group = add(group, load_lanes(partial + c * stride + n, lanes));
      if (!w.chunks[c].ends_group) continue;
      const char* scales = w.scales + w.chunks[c].group * w.scale_row_bytes + (n_begin + n) * kBytesOf<E>;
      sum = fma(group, load_lanes<E>(scales, lanes), sum);
      group = set(0.0f);
    }
    store_lanes(y + n, sum, lanes);
  });
}

void reduce(const Matrix& w, const float* partial, uint64_t stride, uint32_t n_begin, uint32_t n_end, float* y) {
  if (w.element == Element::i8) {
    GROK1_WITH_ELEMENT(w.scale_element, reduce_i8, w, partial, stride, n_begin, n_end, y);
    return;
  }
  in_sixteens(n_end - n_begin, [&](uint64_t n, uint32_t lanes) {
    Float16 sum = set(0.0f);
    for (uint32_t c = 0; c < w.n_chunks; ++c) sum = add(sum, load_lanes(partial + c * stride + n, lanes));
    store_lanes(y + n, sum, lanes);
  });
}

static_assert(sizeof(TileScratch) <= kKernelScratch && sizeof(FloatTile) <= kKernelScratch);
static_assert(sizeof(GemmTile) <= kGemmScratch);
static_assert(kSliceSums * sizeof(int32_t) <= kKernelScratch);

#define GROK1_NAME_OF(isa) #isa
#define GROK1_NAME(isa) GROK1_NAME_OF(isa)

}  // namespace

const Kernels kKernels = {
    GROK1_NAME(GROK1_ISA),
    quantise,
    sweep,
    reduce,
    tile,
    tile_gemm,
    dots,
    decode,
    norm,
    add_norm,
    attend,
    join,
    gelu_times,
    add_scaled,
    exp_of_each,
    tanh_of_each,
    read,
    kDotI8,
    dot_i16,
    multiply_add,
};

}  // namespace grok1::cpu::GROK1_ISA
