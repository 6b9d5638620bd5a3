// attention: y = capped causal attention of the share's heads over the pages, before the post-norm. All rows store K
// and V before any row attends, and every read is of the stored value. Positions are attended in splits of kSplit at
// fixed places and then joined, whatever page size, chunk or thread count.
#include <bit>

#include "backends/cpu/binding.h"
#include "backends/cpu/buffer.h"
#include "backends/cpu/float_state.h"
#include "backends/cpu/kv.h"
#include "backends/cpu/linear.h"
#include "backends/cpu/queue.h"
#include "backends/cpu/table.h"

namespace grok1::cpu {
namespace {

// One call: shapes of the share.
struct Call {
  Step& step;
  const Layer& layer;
  const Kv& kv;
  uint32_t slot;      // of the layer in the cache
  uint32_t kv_heads;  // of the share
  uint32_t group;     // query heads per kv head
  uint32_t dim, width;
  uint32_t units_per_group;  // units of at most kHeads query heads

  uint32_t units_per_row() const { return kv_heads * units_per_group; }
};

// out = in rotated to the row's position, dimension i with i + dim / 2. Products and sums are rounded one by one.
void rotate(const Call& c, uint32_t row, const float* in, float* out) {
  const uint32_t half = c.dim / 2;
  const float* pairs = c.step.pass.rope + uint64_t{row} * c.dim;
  for (uint32_t i = 0; i < half; ++i) {
    const float cosine = pairs[2 * i], sine = pairs[2 * i + 1], a = in[i], b = in[i + half];
    out[i] = a * cosine - b * sine;
    out[i + half] = b * cosine + a * sine;
  }
}

void store_head(const Call& c, Kv::Half half, uint32_t row, uint32_t kv_head, const float* values) {
  const uint32_t position = c.step.pass.positions[row], tokens = c.kv.page_tokens;
  char* to = c.kv.head(c.slot, c.step.pages_of(row)[position / tokens], half, kv_head) +
             uint64_t{position % tokens} * c.kv.row_bytes();
  store_row(c.kv.element, to, values, c.dim);
}

void rotate_and_store(const Call& c, uint32_t row) {
  const Scratch& s = c.step.scratch;
  const uint32_t heads = c.kv_heads * c.group;
  for (uint32_t h = 0; h < heads; ++h) {
    const uint64_t head = uint64_t{row} * heads + h;
    rotate(c, row, s.q + head * c.dim, s.rotated + head * c.width);
    std::fill(s.rotated + head * c.width + c.dim, s.rotated + (head + 1) * c.width, 0.0f);
  }
  for (uint32_t g = 0; g < c.kv_heads; ++g) {
    float* k = s.k + (uint64_t{row} * c.kv_heads + g) * c.dim;
    rotate(c, row, k, k);
    store_head(c, Kv::kKey, row, g, k);
    store_head(c, Kv::kValue, row, g, s.v + (uint64_t{row} * c.kv_heads + g) * c.dim);
  }
}

// A unit: some query heads of one row and kv head; its splits lie behind each other.
struct Unit {
  uint32_t row, kv_head, head, heads;  // `head` counts within the share
  uint32_t positions, splits;
  float* parts;  // [splits] of largest [heads], sum [heads], out [heads, width]

  Unit(const Call& c, uint64_t number, float* memory) : parts(memory) {
    row = static_cast<uint32_t>(number / c.units_per_row());
    const uint32_t in_row = static_cast<uint32_t>(number % c.units_per_row());
    kv_head = in_row / c.units_per_group;
    const uint32_t first = in_row % c.units_per_group * kHeads;
    head = kv_head * c.group + first;
    heads = std::min(c.group - first, kHeads);
    positions = c.step.pass.positions[row] + 1;
    splits = (positions + kSplit - 1) / kSplit;
  }
};

// The three parts of a split are arrays over splits: largest [splits, heads], sum [splits, heads], out.
void attend_split(const Call& c, const Unit& u, uint32_t split, float* scores) {
  Attend a{};
  float* sums = u.parts + uint64_t{u.splits} * u.heads;
  a.q = c.step.scratch.rotated + (uint64_t{u.row} * c.kv_heads * c.group + u.head) * c.width;
  a.k = c.kv.head(c.slot, 0, Kv::kKey, u.kv_head);
  a.v = c.kv.head(c.slot, 0, Kv::kValue, u.kv_head);
  a.pages = c.step.pages_of(u.row);
  a.page_bytes = c.kv.page_bytes();
  a.row_bytes = c.kv.row_bytes();
  a.heads = u.heads;
  a.head_width = c.width;
  a.page_shift = static_cast<uint32_t>(std::countr_zero(c.kv.page_tokens));
  a.begin = split * kSplit;
  a.end = std::min(u.positions, a.begin + kSplit);
  a.multiplier = c.step.model.attention_multiplier;
  a.soft_cap = c.step.model.attention_soft_cap;
  a.element = c.kv.element;
  a.largest = u.parts + uint64_t{split} * u.heads;
  a.sum = sums + uint64_t{split} * u.heads;
  a.out = sums + (u.splits + uint64_t{split} * c.width) * u.heads;
  c.step.device->kernels.attend(a, scores);
}

void join_splits(const Call& c, const Unit& u) {
  const float* sums = u.parts + uint64_t{u.splits} * u.heads;
  const float* outs = sums + uint64_t{u.splits} * u.heads;
  for (uint32_t h = 0; h < u.heads; ++h) {
    float* out = c.step.scratch.q + (uint64_t{u.row} * c.kv_heads * c.group + u.head + h) * c.dim;
    c.step.device->kernels.join(u.parts + h, sums + h, outs + uint64_t{h} * c.width, u.splits, u.heads, c.width, c.dim,
                                out);
  }
}

// Few rows: every split is a task, so that a long context keeps all threads busy.
void attend_few(const Call& c) {
  const Scratch& s = c.step.scratch;
  const uint64_t units = uint64_t{c.step.pass.n_rows} * c.units_per_row();
  const uint64_t most = most_splits(c.step.limits), size = most * split_floats(c.step.model);
  Threads& threads = c.step.device->threads;
  threads.run(units * most, [&](uint64_t task, uint32_t thread) {
    const Unit unit(c, task / most, s.splits + task / most * size);
    const uint32_t split = static_cast<uint32_t>(task % most);
    if (split < unit.splits) attend_split(c, unit, split, reinterpret_cast<float*>(c.step.thread_scratch(thread)));
  });
  threads.run(units, [&](uint64_t task, uint32_t) { join_splits(c, Unit(c, task, s.splits + task * size)); });
}

void attend_many(const Call& c) {
  c.step.device->threads.run(uint64_t{c.step.pass.n_rows} * c.units_per_row(), [&](uint64_t task, uint32_t thread) {
    float* scores = reinterpret_cast<float*>(c.step.thread_scratch(thread));
    const Unit unit(c, task, scores + kHeads * kSplit);
    for (uint32_t split = 0; split < unit.splits; ++split) attend_split(c, unit, split, scores);
    join_splits(c, unit);
  });
}

void check(const Step& step, const Layer& layer, const Kv& kv) {
  if (layer.q == nullptr) refuse(GROK1_E_INVALID_ARGUMENT, "layer %u has no attention on this device", layer.index);
  check_attention(step.model, step.limits, layer, kv);
  for (uint32_t r = 0; r < step.pass.n_rows; ++r) {
    const uint32_t last = step.pass.positions[r] / kv.page_tokens;
    const bool checked = r > 0 && step.pass.chunk[r] == step.pass.chunk[r - 1];  // but for its last page
    for (uint32_t p = checked ? last : 0; p <= last; ++p)
      if (step.pages_of(r)[p] >= kv.n_pages)
        refuse(GROK1_E_INVALID_ARGUMENT, "row %u reads page %u, number %u of its sequence: the cache has %u", r,
               step.pages_of(r)[p], p, kv.n_pages);
  }
}

}  // namespace

grok1_status attention(grok1_device* device, const grok1_attention_args* arguments, grok1_error* err) {
  return computing(err, [&] {
    Device& self = object<Device>(device, "device");
    const grok1_attention_args& args = input(arguments, GROK1_TYPE_ATTENTION_ARGS, "args");
    object_of<Queue>(&self, args.queue, "queue");
    Step& step = current(&self, args.step);
    const Layer& layer = object_of<const Layer>(&self, args.layer, "layer");
    const Kv& kv = object_of<const Kv>(&self, args.kv, "kv");
    check(step, layer, kv);
    const Act& x = rows_of<Act>(step, args.x, "x");
    const uint32_t n_rows = step.pass.n_rows, d = step.model.d_model;
    float* y = floats_in(&self, args.y, args.y_offset, uint64_t{n_rows} * d, "y");

    const uint32_t group = step.model.heads / step.model.kv_heads, dim = step.model.head_dim;
    const Call call{step,
                    layer,
                    kv,
                    kv.slot(layer.index),
                    kv.heads(),
                    group,
                    dim,
                    head_width_of(dim),
                    (group + kHeads - 1) / kHeads};
    const Scratch& s = step.scratch;
    const uint32_t q_size = layer.q->n(), kv_size = layer.k->n();
    Rows all{};
    all.count = n_rows;
    Product in[] = {{layer.k, 0, all, s.k, kv_size}, {layer.v, 0, all, s.v, kv_size}, {layer.q, 0, all, s.q, q_size}};
    if (step.onlooker.is_there()) step.onlooker.show({GROK1_INPUTS_QKV, layer.index}, x.rows, n_rows, d);
    multiply_act(step, x, in, 3);
    self.threads.run(n_rows, [&](uint64_t r, uint32_t) { rotate_and_store(call, static_cast<uint32_t>(r)); });
    n_rows <= kFewRows ? attend_few(call) : attend_many(call);  // both write over q
    if (step.onlooker.is_there()) step.onlooker.show({GROK1_INPUTS_O, layer.index}, s.q, n_rows, q_size);
    const Product out{layer.o, 0, quantised(step, s.q, q_size, nullptr, n_rows, *layer.o), y, d};
    multiply(step, &out, 1);
  });
}

}  // namespace grok1::cpu
