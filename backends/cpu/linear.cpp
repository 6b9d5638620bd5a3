// Dividing linear layers among threads: see linear.h.
#include "backends/cpu/linear.h"

#include <algorithm>

namespace grok1::cpu {
namespace {

constexpr uint32_t kMostProducts = 3;       // q, k and v
constexpr uint32_t kLeastSlice = 4096;      // columns: shorter runs of a row leave the memory's bandwidth unused
constexpr uint32_t kDotsPerTask = kStrip;   // outputs of a matrix stored [N, K]
constexpr uint32_t kReducedPerTask = 2048;  // outputs whose chunks are added

constexpr uint64_t parts(uint64_t n, uint64_t size) {
  return (n + size - 1) / size;
}

enum class Way { sweep, tile, dots };

// How one product is divided: `tasks` of `width` outputs each; a sweep's are [chunk, slice].
struct Division {
  Way way;
  Matrix matrix;
  uint32_t width;
  uint64_t slices, tasks;
  float* partial;  // of a sweep: [rows, n_chunks, n]

  uint64_t partial_stride() const { return uint64_t{matrix.n_chunks} * matrix.n; }
};

Rows panel_of(const Rows& rows, uint32_t begin) {
  Rows panel = rows;
  panel.count = std::min(rows.count - begin, kPanelRows);
  if (rows.index != nullptr) {
    panel.index += begin;
  } else {
    panel.values += begin * rows.stride;
    panel.digits += begin * rows.digit_stride;
    panel.scales += begin * rows.scale_stride;
  }
  return panel;
}

uint32_t rounded_to_strips(uint64_t columns) {
  return static_cast<uint32_t>(parts(columns, kStrip) * kStrip);
}

// Slices as long as the kernel's scratch allows, shorter if threads would be idle, but not below kLeastSlice.
uint32_t slice_width(const Matrix& m, uint32_t threads) {
  const uint64_t wanted = parts(4 * uint64_t{threads}, m.n_chunks);
  const uint64_t most = std::max<uint64_t>(1, m.n / kLeastSlice);
  return rounded_to_strips(parts(m.n, std::max(parts(m.n, kSliceColumns), std::min(wanted, most))));
}

uint32_t tile_width(const Matrix& m, uint32_t threads) {
  uint32_t width = kTileColumns;
  while (width > kStrip && parts(m.n, width) < 2 * threads) width /= 2;
  return width;
}

Division divide(const Step& step, const Matrix& m, uint32_t n_rows, float*& partial) {
  const uint32_t threads = step.device->threads.count();
  Division d{Way::tile, m, 0, 0, 0, nullptr};
  const uint64_t sums = n_rows * d.partial_stride();
  const uint64_t left = step.scratch.partial_size - static_cast<uint64_t>(partial - step.scratch.partial);
  if (m.nk) {
    d.way = Way::dots;
    d.width = kDotsPerTask;
  } else if (n_rows <= kSweptRows && sums <= left) {
    d.way = Way::sweep;
    d.width = slice_width(m, threads);
    d.partial = partial;
    partial += sums;
  } else {
    d.width = tile_width(m, threads);
  }
  d.slices = parts(m.n, d.width);
  d.tasks = d.slices * (d.way == Way::sweep ? m.n_chunks : 1);
  return d;
}

void run_task(const Step& step, const Rows& rows, const Division& d, const Product& p, uint64_t task, uint32_t thread) {
  const Kernels& kernels = step.device->kernels;
  const uint32_t begin = static_cast<uint32_t>(task % d.slices) * d.width, end = std::min(begin + d.width, d.matrix.n);
  char* scratch = step.thread_scratch(thread);
  if (d.way == Way::sweep) {
    const uint32_t chunk = static_cast<uint32_t>(task / d.slices);
    kernels.sweep(d.matrix, rows, chunk, begin, end, d.partial + uint64_t{chunk} * d.matrix.n + begin,
                  d.partial_stride(), scratch);
    return;
  }
  for (uint32_t row = 0; row < rows.count; row += kPanelRows) {
    float* y = p.y + row * p.stride + begin;
    if (d.way == Way::dots) {
      kernels.dots(d.matrix, panel_of(rows, row), begin, end, 1.0f, y, p.stride);
    } else {
      kernels.tile(d.matrix, panel_of(rows, row), begin, end, y, p.stride, scratch);
    }
  }
}

// Calls f(product, task of that product, thread) for all tasks of all products.
template <class F>
void run_all(Threads& threads, const uint64_t* tasks, uint32_t count, const F& f) {
  uint64_t total = 0;
  for (uint32_t i = 0; i < count; ++i) total += tasks[i];
  threads.run(total, [&](uint64_t task, uint32_t thread) {
    uint32_t i = 0;
    for (; task >= tasks[i]; ++i) task -= tasks[i];
    f(i, task, thread);
  });
}

}  // namespace

void multiply(Step& step, const Rows& rows, const Product* products, uint32_t count) {
  if (rows.count == 0) return;
  Division divisions[kMostProducts];
  uint64_t tasks[kMostProducts], reductions[kMostProducts];
  float* partial = step.scratch.partial;
  for (uint32_t i = 0; i < count; ++i) {
    divisions[i] = divide(step, products[i].weight->matrix(products[i].expert), rows.count, partial);
    tasks[i] = divisions[i].tasks;
    reductions[i] = divisions[i].way == Way::sweep ? rows.count * parts(divisions[i].matrix.n, kReducedPerTask) : 0;
  }
  Threads& threads = step.device->threads;
  run_all(threads, tasks, count, [&](uint32_t i, uint64_t task, uint32_t thread) {
    run_task(step, rows, divisions[i], products[i], task, thread);
  });
  run_all(threads, reductions, count, [&](uint32_t i, uint64_t task, uint32_t) {
    const Division& d = divisions[i];
    const Matrix& m = d.matrix;
    const uint64_t per_row = parts(m.n, kReducedPerTask), row = task / per_row;
    const uint32_t begin = static_cast<uint32_t>(task % per_row) * kReducedPerTask;
    step.device->kernels.reduce(m, d.partial + row * d.partial_stride() + begin, m.n, begin,
                                std::min(begin + kReducedPerTask, m.n), products[i].y + row * products[i].stride + begin);
  });
}

Rows quantised(Step& step, const float* values, uint64_t stride, const uint32_t* index, uint32_t count,
               const Weight& weight) {
  if (!weight.is_i8()) return {values, nullptr, nullptr, stride, 0, 0, index, count, false};
  const Scratch& s = step.scratch;
  const Rows rows{values,  s.digits, s.digit_scales, stride, digit_stride(weight.k()), weight.chunks.blocks,
                  nullptr, count, step.device->one_digit};
  const std::vector<Chunk>& chunks = weight.chunks.list;
  step.device->threads.run(count * chunks.size(), [&](uint64_t task, uint32_t) {
    const uint64_t i = task / chunks.size(), row = index == nullptr ? i : index[i];
    step.device->kernels.quantise(values + row * stride, chunks[task % chunks.size()], step.device->most_digit(),
                                  s.digits + i * rows.digit_stride,                                  s.digit_scales + i * rows.scale_stride);
  });
  return rows;
}

void multiply_act(Step& step, const Act& act, const uint32_t* index, uint32_t count, const Product* products,
                  uint32_t n_products) {
  const uint64_t d = step.model.d_model;
  const bool fits = std::all_of(products, products + n_products,
                                [](const Product& p) { return !p.weight->is_i8() || p.weight->chunks.plain; });
  if (fits) {
    const Rows rows{act.rows, act.digits, act.scales, d, digit_stride(d), step.act_chunks.blocks, index, count,
                    step.device->one_digit};
    return multiply(step, rows, products, n_products);
  }
  for (uint32_t i = 0; i < n_products; ++i)
    multiply(step, quantised(step, act.rows, d, index, count, *products[i].weight), products + i, 1);
}

}  // namespace grok1::cpu
