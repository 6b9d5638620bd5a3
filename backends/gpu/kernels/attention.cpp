// Capped causal attention over pages. A block has one row, one kv head and up to kHeads of its query heads, so that K
// and V are read once for all of them. Positions are attended in splits of kPositions at fixed places, joined in their
// order: by the block itself where there are many rows, by the last block to arrive where there are few and every split
// has its own. Both give the same bits.
#include "backends/gpu/kernels/numbers.h"
#include "backends/gpu/kernels/table.h"

namespace grok1::accel::GROK1_GPU_VARIANT {
namespace {

static_assert(kPositions == kThreads, "one thread a position");

// Which heads of which row a block has, and how long the row's sequence is.
struct Unit {
  uint32_t row, number, kv_head, head, heads;  // `head`: first query head, counted in the share
  uint32_t positions, splits;
  const uint32_t* pages;
};

GPU_DEVICE Unit unit_of(const AttendArgs& a, uint32_t row, uint32_t number) {
  Unit u;
  u.row = row, u.number = number;
  u.kv_head = number / a.units_per_group();
  const uint32_t first = number % a.units_per_group() * kHeads;
  u.head = u.kv_head * a.group() + first;
  u.heads = least(a.group() - first, kHeads);
  u.positions = gpu::load(a.heads.pass.positions + row) + 1;
  u.splits = divide_up(u.positions, kPositions);
  u.pages = a.heads.pass.page_table + uint64_t{gpu::load(a.heads.pass.chunk + row)} * a.heads.pass.max_pages;
  return u;
}

// Shared memory of a block. Dimension i of `out` is summed by thread i alone.
struct Shared {
  float* q;        // [kHeads, dim]
  float* p;        // [kHeads, kPositions] scores, then exponentials
  float* sums;     // [kHeads, kPositions] partial sums of V
  float* largest;  // [2, kHeads] of this split and of all so far
  float* total;    // [2, kHeads]
};

GPU_DEVICE void load_queries(const AttendArgs& a, const Unit& u, const Shared& s) {
  const float* q = a.heads.q + (uint64_t{u.row} * a.heads.q_heads + u.head) * a.heads.dim;
  for (uint32_t i = thread(); i < u.heads * a.heads.dim; i += kThreads) s.q[i] = gpu::load(q + i);
  if (thread() < kHeads) s.largest[kHeads + thread()] = -INFINITY, s.total[kHeads + thread()] = 0;
  gpu::sync();
}

// p = the scores of one position, this thread's, for all heads.
template <Element E>
GPU_DEVICE void score(const AttendArgs& a, const Unit& u, const Shared& s, uint32_t position) {
  const Pages& pages = a.heads.pages;
  float dots[kHeads] = {};
  const bool there = position < u.positions;
  if (there) {
    constexpr uint32_t kTogether = 16 / bytes_of(E);
    const uint32_t page = gpu::load(u.pages + position / pages.tokens), token = position % pages.tokens;
    const char* keys = pages.base + pages.key(page, u.kv_head);
    for (uint32_t i = 0; i < pages.dim; i += kTogether) {
      const Word4 words = gpu::load(reinterpret_cast<const Word4*>(keys + pages.key_at(token, i)));
      GPU_UNROLL(kTogether)
      for (uint32_t j = 0; j < kTogether; ++j) {
        if (i + j >= pages.dim) break;
        const float k = value_in<E>(words, j);
        GPU_UNROLL(kHeads)
        for (uint32_t h = 0; h < kHeads; ++h)
          if (h < u.heads) dots[h] = fmaf(s.q[h * pages.dim + i + j], k, dots[h]);
      }
    }
  }
  GPU_UNROLL(kHeads)
  for (uint32_t h = 0; h < kHeads; ++h) {
    float l = dots[h] * a.multiplier;
    if (a.soft_cap != 0) l = a.soft_cap * tanhf(l / a.soft_cap);
    if (h < u.heads) s.p[h * kPositions + thread()] = there ? l : -INFINITY;
  }
}

// largest and p = exp(p - largest), one wave a head; total = sum of p.
GPU_DEVICE void exponentials(const Unit& u, const Shared& s) {
  for (uint32_t h = wave(); h < u.heads; h += kWaves) {
    float* p = s.p + h * kPositions;
    float largest = -INFINITY, sum = 0;
    for (uint32_t i = lane(); i < kPositions; i += kWave) largest = fmaxf(largest, p[i]);
    largest = wave_max(largest);
    for (uint32_t i = lane(); i < kPositions; i += kWave) {
      p[i] = expf(p[i] - largest);
      sum += p[i];
    }
    sum = wave_sum(sum);
    if (lane() == 0) s.largest[h] = largest, s.total[h] = sum;
  }
  gpu::sync();
}

// out[h] = sum over the split's positions of p . V, dimension thread() of each head, for threads below dim. Other
// threads sum some of the positions; the parts are added in one order.
template <Element E>
GPU_DEVICE void weigh_values(const AttendArgs& a, const Unit& u, const Shared& s, uint32_t begin,
                             float (&out)[kHeads]) {
  const Pages& pages = a.heads.pages;
  const uint32_t dim = pages.dim, parts = kThreads / dim, part = thread() / dim, i = thread() % dim;
  const uint32_t count = least(u.positions - begin, kPositions);
  float sums[kHeads] = {};
  if (part < parts)
    for (uint32_t at = part; at < count; at += parts) {
      const uint32_t page = gpu::load(u.pages + (begin + at) / pages.tokens), token = (begin + at) % pages.tokens;
      const char* values = pages.base + pages.value(page, u.kv_head) + pages.value_at(token, i);
      const float v = value_at<E>(values, 0);
      GPU_UNROLL(kHeads)
      for (uint32_t h = 0; h < kHeads; ++h)
        if (h < u.heads) sums[h] = fmaf(s.p[h * kPositions + at], v, sums[h]);
    }
  GPU_UNROLL(kHeads)
  for (uint32_t h = 0; h < kHeads; ++h)
    if (h < u.heads && part < parts) s.sums[h * kPositions + thread()] = sums[h];
  gpu::sync();
  GPU_UNROLL(kHeads)
  for (uint32_t h = 0; h < kHeads; ++h) {
    out[h] = 0;
    if (h < u.heads && thread() < dim)
      for (uint32_t j = 0; j < parts; ++j) out[h] += s.sums[h * kPositions + j * dim + thread()];
  }
}

// Joins a split (s.largest, s.total, part) to all before it.
GPU_DEVICE void join(const Unit& u, const Shared& s, const float (&part)[kHeads], float (&out)[kHeads]) {
  GPU_UNROLL(kHeads)
  for (uint32_t h = 0; h < kHeads; ++h) {
    if (h >= u.heads) continue;
    const float before = s.largest[kHeads + h], now = s.largest[h], largest = fmaxf(before, now);
    out[h] = out[h] * expf(before - largest) + part[h] * expf(now - largest);
  }
  gpu::sync();
  if (thread() < u.heads) {
    const uint32_t h = thread();
    const float before = s.largest[kHeads + h], now = s.largest[h], largest = fmaxf(before, now);
    s.total[kHeads + h] = s.total[kHeads + h] * expf(before - largest) + s.total[h] * expf(now - largest);
    s.largest[kHeads + h] = largest;
  }
  gpu::sync();
}

GPU_DEVICE void write_out(const AttendArgs& a, const Unit& u, const Shared& s, const float (&out)[kHeads]) {
  GPU_UNROLL(kHeads)
  for (uint32_t h = 0; h < kHeads; ++h)
    if (h < u.heads && thread() < a.heads.dim)
      gpu::store(a.out.values + uint64_t{u.row} * a.out.stride + (u.head + h) * a.heads.dim + thread(),
                 out[h] / s.total[kHeads + h]);
}

// A split's largest, total and sums: [kHeads, dim + 2].
GPU_DEVICE float* part_of(const AttendArgs& a, const Unit& u, uint32_t split) {
  return a.parts + ((uint64_t{u.row} * a.units() + u.number) * a.n_splits + split) * kHeads * (a.heads.dim + 2);
}

GPU_DEVICE void store_part(const AttendArgs& a, const Unit& u, const Shared& s, uint32_t split,
                           const float (&part)[kHeads]) {
  const uint32_t dim = a.heads.dim;
  GPU_UNROLL(kHeads)
  for (uint32_t h = 0; h < kHeads; ++h) {
    if (h >= u.heads) continue;
    float* to = part_of(a, u, split) + h * (dim + 2);
    if (thread() == 0) {
      gpu::store(to, s.largest[h]);
      gpu::store(to + 1, s.total[h]);
    }
    if (thread() < dim) gpu::store(to + 2 + thread(), part[h]);
  }
}

GPU_DEVICE void load_part(const AttendArgs& a, const Unit& u, const Shared& s, uint32_t split, float (&part)[kHeads]) {
  const uint32_t dim = a.heads.dim;
  GPU_UNROLL(kHeads)
  for (uint32_t h = 0; h < kHeads; ++h) {
    part[h] = 0;
    if (h >= u.heads) continue;
    const float* from = part_of(a, u, split) + h * (dim + 2);
    if (thread() == 0) s.largest[h] = gpu::load(from), s.total[h] = gpu::load(from + 1);
    if (thread() < dim) part[h] = gpu::load(from + 2 + thread());
  }
  gpu::sync();
}

// The blocks of the output projection's inputs whose last column this unit wrote become digits.
GPU_DEVICE void quantise_out(const AttendArgs& a, const Unit& u, uint32_t* flag) {
  const Split& split = a.out.split;
  const auto unit_at = [&](uint32_t column) {
    const uint32_t head = column / a.heads.dim;
    return head / a.group() * a.units_per_group() + head % a.group() / kHeads;
  };
  const uint32_t begin = u.head * a.heads.dim, end = begin + u.heads * a.heads.dim;
  for (uint32_t b = split.block_of(begin); b <= split.block_of(end - 1); ++b) {
    const uint32_t count = split.count(b), first = split.begin(b);
    if (count == 0) continue;
    const uint32_t units = unit_at(first + count - 1) - unit_at(first) + 1;
    if (!last_to_arrive(a.out_arrivals + uint64_t{u.row} * split.blocks() + b, units, flag)) continue;
    if (wave() == 0)
      quantise_block(a.out.values + uint64_t{u.row} * a.out.stride, split, b,
                     a.out.digits + uint64_t{u.row} * split.padded() * 2,
                     a.out.scales + uint64_t{u.row} * split.blocks());
  }
}

// kAlone: the block has all splits of its unit, and the output's digits are somebody else's.
template <Element E, bool kAlone>
GPU_KERNEL(kThreads, kResident)
attend_unit(AttendArgs a) {
  GPU_SHARED(float, q, kHeads* kMostHeadDim);
  GPU_SHARED(float, p, kHeads* kPositions);
  GPU_SHARED(float, sums, kHeads* kPositions);
  GPU_SHARED(float, largest, 2 * kHeads);
  GPU_SHARED(float, total, 2 * kHeads);
  GPU_SHARED(uint32_t, flag, 1);
  const Shared s{q, p, sums, largest, total};
  const Unit u = unit_of(a, gpu::block_x(), gpu::block_y());
  const uint32_t first = kAlone ? 0 : gpu::block_z(), end = kAlone ? u.splits : first + 1;
  if (first >= u.splits) return;

  load_queries(a, u, s);
  float out[kHeads] = {}, part[kHeads];
  for (uint32_t split = first; split < end; ++split) {
    score<E>(a, u, s, split * kPositions + thread());
    gpu::sync();
    exponentials(u, s);
    weigh_values<E>(a, u, s, split * kPositions, part);
    if (kAlone) join(u, s, part, out);
  }
  if (!kAlone) {
    store_part(a, u, s, first, part);
    if (!last_to_arrive(a.arrivals + uint64_t{u.row} * a.units() + u.number, u.splits, flag)) return;
    for (uint32_t split = 0; split < u.splits; ++split) {
      load_part(a, u, s, split, part);
      join(u, s, part, out);
    }
  }
  write_out(a, u, s, out);
  if (!kAlone && a.out.digits != nullptr) quantise_out(a, u, flag);
}

template <bool kAlone>
void attend_with(const AttendArgs& a, gpu::Stream stream) {
  const gpu::Grid grid{a.n_rows, a.units(), kAlone ? 1 : a.n_splits};
  switch (a.heads.pages.element) {
    case Element::f32: return gpu::launch("attend_unit", attend_unit<Element::f32, kAlone>, grid, kThreads, stream, a);
    case Element::f16: return gpu::launch("attend_unit", attend_unit<Element::f16, kAlone>, grid, kThreads, stream, a);
    default: return gpu::launch("attend_unit", attend_unit<Element::bf16, kAlone>, grid, kThreads, stream, a);
  }
}

}  // namespace

void attend(const AttendArgs& a, gpu::Stream stream) {
  if (a.n_rows <= kFewRows) return attend_with<false>(a, stream);
  attend_with<true>(a, stream);
  if (a.out.digits != nullptr)
    quantise({a.out.values, a.out.stride, a.n_rows, a.out.split, a.out.digits, a.out.scales}, stream);
}

}  // namespace grok1::accel::GROK1_GPU_VARIANT
