// Dividing linear layers among threads: see linear.h.
#include "backends/cpu/linear.h"

#include <algorithm>

namespace grok1::cpu {
namespace {

constexpr uint32_t kLeastSlice = 2048;      // columns: shorter runs of a row leave the memory's bandwidth unused
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

// To strips, or tiles.
uint32_t rounded(uint64_t columns, const Matrix& m) {
  const uint32_t unit = m.tiled ? kTileColumns : kStrip;
  return static_cast<uint32_t>(parts(columns, unit) * unit);
}

// How much of the threads' time `tasks` equal tasks use.
double evenness(uint64_t tasks, uint32_t threads) {
  return static_cast<double>(tasks) / static_cast<double>(parts(tasks, threads) * threads);
}

// Runs of most_swept_columns(); shorter, if the `chunks` of all products do not keep the threads evenly busy; and the
// last product's, so that no thread waits long for another's last task.
uint32_t slice_width(const Matrix& m, uint32_t n_rows, uint32_t threads, uint64_t chunks, bool last) {
  const uint64_t most_slices = std::max<uint64_t>(1, m.n / kLeastSlice);
  uint64_t slices = parts(m.n, most_swept_columns(n_rows, m.tiled));
  if (last && n_rows == 1) slices = std::max(slices, std::min<uint64_t>(4, most_slices));
  while (2 * slices <= most_slices && evenness(slices * chunks, threads) < 0.95) slices *= 2;
  return rounded(parts(m.n, slices), m);
}

uint32_t tile_width(const Matrix& m, uint32_t threads) {
  uint32_t width = kTileColumns;
  while (width > kStrip && parts(m.n, width) < 2 * threads) width /= 2;
  return width;
}

Division divide(const Step& step, const Matrix& m, uint32_t n_rows, uint64_t chunks, bool last, float*& partial) {
  const uint32_t threads = step.device->threads.count();
  Division d{Way::tile, m, 0, 0, 0, nullptr};
  const uint64_t sums = n_rows * d.partial_stride();
  const uint64_t left = step.scratch.partial_size - static_cast<uint64_t>(partial - step.scratch.partial);
  if (m.nk) {
    d.way = Way::dots;
    d.width = kDotsPerTask;
  } else if (n_rows <= kSweptRows && sums <= left) {
    d.way = Way::sweep;
    d.width = slice_width(m, n_rows, threads, chunks, last);
    d.partial = partial;
    partial += sums;
  } else {
    d.width = tile_width(m, threads);
  }
  d.slices = parts(m.n, d.width);
  d.tasks = d.slices * (d.way == Way::sweep ? m.n_chunks : 1);
  return d;
}

// False if the device does without oneDNN, if the tile is not for it, or if it failed.
bool tile_by_onednn(const Step& step, const Matrix& m, const Rows& rows, uint32_t begin, uint32_t end, float* y,
                    uint64_t stride, uint32_t thread) {
  if (step.onednn.empty() || m.element != Element::i8 || rows.count < kGemmLeastRows) return false;
  return step.onednn[thread]->tile(step.device->kernels, m, rows, begin, end, y, stride, step.thread_scratch(thread));
}

void run_task(const Step& step, const Division& d, const Product& p, uint64_t task, uint32_t thread) {
  const Kernels& kernels = step.device->kernels;
  const uint32_t begin = static_cast<uint32_t>(task % d.slices) * d.width, end = std::min(begin + d.width, d.matrix.n);
  char* scratch = step.thread_scratch(thread);
  if (d.way == Way::sweep) {
    const uint32_t chunk = static_cast<uint32_t>(task / d.slices);
    kernels.sweep(d.matrix, p.rows, chunk, begin, end, d.partial + uint64_t{chunk} * d.matrix.n + begin,
                  d.partial_stride(), scratch);
    return;
  }
  for (uint32_t row = 0; row < p.rows.count; row += kPanelRows) {
    const Rows panel = part_of(p.rows, row, std::min(p.rows.count - row, kPanelRows));
    float* y = p.y + row * p.stride + begin;
    if (d.way == Way::dots) {
      kernels.dots(d.matrix, panel, begin, end, 1.0f, y, p.stride);
    } else if (!tile_by_onednn(step, d.matrix, panel, begin, end, y, p.stride, thread)) {
      kernels.tile(d.matrix, panel, begin, end, y, p.stride, scratch);
    }
  }
}

// The memory node that a task reads. A tile reads all of K, which lies everywhere.
uint32_t node_of(const Division& d, const Weight& weight, uint64_t task) {
  if (d.way == Way::sweep) return weight.node_of_chunk(static_cast<uint32_t>(task / d.slices));
  if (d.way == Way::dots) return weight.node_of_output(static_cast<uint32_t>(task) * d.width);
  return static_cast<uint32_t>(task % weight.device->threads.nodes());
}

// The tasks of several products, numbered one product after the other.
class Tasks {
 public:
  struct Place {
    uint32_t product;
    uint64_t task;  // of that product
  };

  void add(uint64_t count) { counts_[size_++] = count, total_ += count; }
  uint64_t total() const { return total_; }
  Place operator[](uint64_t task) const {
    uint32_t product = 0;
    while (task >= counts_[product]) task -= counts_[product++];
    return {product, task};
  }

 private:
  uint64_t counts_[kMostProducts], total_ = 0;
  uint32_t size_ = 0;
};

}  // namespace

Rows part_of(const Rows& rows, uint32_t begin, uint32_t count) {
  Rows part = rows;
  part.count = count;
  if (rows.index != nullptr) {
    part.index += begin;
  } else {
    part.values += begin * rows.stride;
    part.digits += begin * rows.digit_stride;
    part.scales += begin * rows.scale_stride;
  }
  return part;
}

void multiply(Step& step, const Product* products, uint32_t count) {
  Division divisions[kMostProducts];
  Tasks tasks, reductions;
  float* partial = step.scratch.partial;
  uint64_t chunks = 0;
  for (uint32_t i = 0; i < count; ++i) chunks += products[i].weight->chunks.list.size();
  for (uint32_t i = 0; i < count; ++i) {
    const Product& p = products[i];
    const Division& d = divisions[i] =
        divide(step, p.weight->matrix(p.expert), p.rows.count, chunks, i + 1 == count, partial);
    tasks.add(d.tasks);
    reductions.add(d.way == Way::sweep ? p.rows.count * parts(d.matrix.n, kReducedPerTask) : 0);
  }
  Threads& threads = step.device->threads;
  const auto home = [&](uint64_t number) {
    const auto [product, task] = tasks[number];
    return node_of(divisions[product], *products[product].weight, task);
  };
  threads.run(tasks.total(), home, [&](uint64_t number, uint32_t thread) {
    const auto [product, task] = tasks[number];
    run_task(step, divisions[product], products[product], task, thread);
  });
  threads.run(reductions.total(), [&](uint64_t number, uint32_t) {
    const auto [product, task] = reductions[number];
    const Division& d = divisions[product];
    const Matrix& m = d.matrix;
    const uint64_t per_row = parts(m.n, kReducedPerTask), row = task / per_row;
    const uint32_t begin = static_cast<uint32_t>(task % per_row) * kReducedPerTask;
    step.device->kernels.reduce(m, d.partial + row * d.partial_stride() + begin, m.n, begin,
                                std::min(begin + kReducedPerTask, m.n),
                                products[product].y + row * products[product].stride + begin);
  });
}

Rows quantised(Step& step, const float* values, uint64_t stride, const uint32_t* index, uint32_t count,
               const Weight& weight) {
  if (!weight.is_i8()) return {values, nullptr, nullptr, stride, 0, 0, index, count, false};
  const Scratch& s = step.scratch;
  const Rows rows{values,  s.digits, s.digit_scales,        stride, digit_stride(weight.k()), weight.chunks.blocks,
                  nullptr, count,    step.device->one_digit};
  const std::vector<Chunk>& chunks = weight.chunks.list;
  step.device->threads.run(count * chunks.size(), [&](uint64_t task, uint32_t) {
    const uint64_t i = task / chunks.size(), row = index == nullptr ? i : index[i];
    step.device->kernels.quantise(values + row * stride, chunks[task % chunks.size()], step.device->most_digit(),
                                  s.digits + i * rows.digit_stride, s.digit_scales + i * rows.scale_stride);
  });
  return rows;
}

void multiply_act(Step& step, const Act& act, Product* products, uint32_t count) {
  const uint64_t d = step.model.d_model;
  const bool fits = std::all_of(products, products + count,
                                [](const Product& p) { return !p.weight->is_i8() || p.weight->chunks.plain; });
  for (uint32_t i = 0; i < count; ++i) {
    Rows& rows = products[i].rows;
    rows = fits ? Rows{act.rows,   act.digits,      act.scales,
                       d,          digit_stride(d), step.act_chunks.blocks,
                       rows.index, rows.count,      step.device->one_digit}
                : quantised(step, act.rows, d, rows.index, rows.count, *products[i].weight);
    if (!fits) multiply(step, products + i, 1);
  }
  if (fits) multiply(step, products, count);
}

}  // namespace grok1::cpu
