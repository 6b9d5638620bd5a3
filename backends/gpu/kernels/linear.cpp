// Linear layers: one matrix times rows (attention's output, the LM head), and q, k and v together with what follows
// them, RoPE and the KV cache.
#include "backends/gpu/kernels/dispatch.h"
#include "backends/gpu/kernels/heads.h"
#include "backends/gpu/kernels/many_rows.h"
#include "backends/gpu/kernels/table.h"

namespace grok1::accel::GROK1_GPU_VARIANT {
namespace {

template <Element E, int R>
GPU_KERNEL(kThreads, kResidentOf<R>)
multiply_few_rows(MultiplyArgs a) {
  GPU_SHARED(uint32_t, row, R);
  GPU_SHARED(uint32_t, products, kSegment * R * kTileN);
  GPU_SHARED(float, result, R* kTileN);
  const uint32_t first = gpu::block_y() * R, tile = gpu::block_x();
  const FewRows<R> rows = few_rows<R>(a.n_rows - first, row, [&](uint32_t r) {
    return a.index == nullptr ? first + r : gpu::load(a.index + first + r);
  });
  multiply_few<E, R>(a.matrix, 0, tile, a.x, rows, products, result);
  const uint32_t r = thread() / kTileN, n = tile * kTileN + thread() % kTileN;
  if (r < rows.count && n < a.matrix.n)
    gpu::store(a.out + uint64_t{first + r} * a.matrix.n + n, result[thread()] * a.multiplier);
}

template <Element E>
GPU_KERNEL(kThreads, 2)
multiply_many_rows(MultiplyArgs a) {
  GPU_SHARED(uint32_t, rows, kTileRows<E>);
  GPU_SHARED(uint32_t, shared, kTileWords<E>);
  const uint32_t first = gpu::block_y() * kTileRows<E>, tile = gpu::block_x() * kStrips;
  if (thread() < kTileRows<E>) {
    const uint32_t row = first + thread();
    rows[thread()] = row >= a.n_rows ? kNone : a.index == nullptr ? row : gpu::load(a.index + row);
  }
  gpu::sync();
  float y[kMine<E>][kStrips];
  multiply_many<E>(a.matrix, 0, tile, a.x, rows, shared, y);
  for (uint32_t i = 0; i < kMine<E>; ++i)
    for (uint32_t j = 0; j < kStrips; ++j) {
      const uint32_t row = first + thread() / kSide + i * kSide, n = (tile + j) * kTileN + thread() % kSide;
      if (row < a.n_rows && n < a.matrix.n) gpu::store(a.out + uint64_t{row} * a.matrix.n + n, y[i][j] * a.multiplier);
    }
}

// q, k and v of a few rows. The block that writes the last column of a head finishes it.
template <Element E, int R>
GPU_KERNEL(kThreads, kResidentOf<R>)
project_few_rows(ProjectArgs a) {
  GPU_SHARED(uint32_t, row, R);
  GPU_SHARED(uint32_t, products, kSegment * R * kTileN);
  GPU_SHARED(float, result, R* kTileN);
  GPU_SHARED(uint32_t, flag, 1);
  const uint32_t first = gpu::block_y() * R, dim = a.heads.dim;
  const uint32_t q_tiles = a.matrices[0].tiles_n(), k_tiles = a.matrices[1].tiles_n();
  const uint32_t which = gpu::block_x() < q_tiles ? 0 : gpu::block_x() < q_tiles + k_tiles ? 1 : 2;
  const uint32_t tile = gpu::block_x() - (which == 0 ? 0 : which == 1 ? q_tiles : q_tiles + k_tiles);
  const uint32_t first_head = which == 0 ? 0 : a.heads.q_heads + (which - 1) * a.heads.kv_heads;
  Matrix m = a.matrices[0];  // the others differ in where they are and in n
  GPU_UNROLL(2)
  for (uint32_t i = 1; i < 3; ++i)
    if (i == which) m.tiles = a.matrices[i].tiles, m.scales = a.matrices[i].scales, m.n = a.matrices[i].n;

  const FewRows<R> rows = few_rows<R>(a.n_rows - first, row, [&](uint32_t r) { return first + r; });
  multiply_few<E, R>(m, 0, tile, a.x, rows, products, result);
  const uint32_t mine = thread() / kTileN, n = tile * kTileN + thread() % kTileN;
  if (mine < rows.count && n < m.n) gpu::store(head_of(a.heads, first + mine, first_head) + n, result[thread()]);

  const uint32_t last = least((tile + 1) * kTileN, m.n) - 1, n_heads = a.heads.q_heads + 2 * a.heads.kv_heads;
  for (uint32_t r = 0; r < rows.count; ++r)
    for (uint32_t head = tile * kTileN / dim; head <= last / dim; ++head) {
      const uint32_t n_tiles = ((head + 1) * dim - 1) / kTileN - head * dim / kTileN + 1;
      if (last_to_arrive(a.arrivals + uint64_t{first + r} * n_heads + first_head + head, n_tiles, flag))
        finish_head(a.heads, first + r, first_head + head);
    }
}

GPU_KERNEL(kThreads, kResident) finish_heads(HeadsArgs a) {
  finish_head(a, gpu::block_x(), gpu::block_y());
}

}  // namespace

void multiply(const MultiplyArgs& a, gpu::Stream stream) {
  with_element(a.matrix.element, [&](auto element) {
    constexpr Element E = element;
    const uint32_t tiles = a.matrix.tiles_n();
    if (a.n_rows > kFewRows)
      return gpu::launch("multiply_many_rows", multiply_many_rows<E>,
                         {divide_up(tiles, kStrips), divide_up(a.n_rows, kTileRows<E>)}, kThreads, stream, a);
    with_rows(a.n_rows, [&](auto rows) {
      constexpr int R = rows;
      gpu::launch("multiply_few_rows", multiply_few_rows<E, R>, {tiles, divide_up(a.n_rows, R)}, kThreads, stream, a);
    });
  });
}

void project(const ProjectArgs& a, gpu::Stream stream) {
  const uint32_t n_heads = a.heads.q_heads + 2 * a.heads.kv_heads;
  if (a.n_rows > kFewRows) {
    float* const outs[] = {a.heads.q, a.heads.k, a.heads.v};
    for (int i = 0; i < 3; ++i) multiply({a.matrices[i], a.x, nullptr, a.n_rows, 1, outs[i]}, stream);
    return gpu::launch("finish_heads", finish_heads, {a.n_rows, n_heads}, kThreads, stream, a.heads);
  }
  const uint32_t tiles = a.matrices[0].tiles_n() + a.matrices[1].tiles_n() + a.matrices[2].tiles_n();
  with_element(a.matrices[0].element, [&](auto element) {
    with_rows(a.n_rows, [&](auto rows) {
      constexpr Element E = element;
      constexpr int R = rows;
      gpu::launch("project_few_rows", project_few_rows<E, R>, {tiles, divide_up(a.n_rows, R)}, kThreads, stream, a);
    });
  });
}

}  // namespace grok1::accel::GROK1_GPU_VARIANT
