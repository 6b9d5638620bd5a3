// The experts: gate, up and GELU fused, then down with the gate-weighted sum. For few choices a block finds its rows in
// the routing itself and two kernels do it all; for many, choices are grouped by expert first. No host reads a routing.
#include "backends/gpu/kernels/dispatch.h"
#include "backends/gpu/kernels/many_rows.h"
#include "backends/gpu/kernels/table.h"

namespace grok1::accel::GROK1_GPU_VARIANT {
namespace {

// 0.5 a (1 + tanh(sqrt(2 / pi) (a + 0.044715 a^3))) * b
GPU_DEVICE float gelu_times(float a, float b) {
  const float inner = 0.7978845608028654f * (a + 0.044715f * a * a * a);
  return 0.5f * a * (1.0f + tanhf(inner)) * b;
}

GPU_DEVICE uint32_t expert_of(const ExpertsArgs& a, uint32_t choice) {
  return static_cast<uint32_t>(gpu::load(a.experts + choice)) - a.expert_begin;  // too large: not ours
}

// ---- few choices ----

// Choices of one expert, in shared memory.
struct Chosen {
  uint32_t* count;
  uint32_t* choices;  // [kFewChoices]
};

// All of the expert's choices, ascending; all threads call it.
GPU_DEVICE void find_choices(const ExpertsArgs& a, uint32_t expert, const Chosen& chosen) {
  gpu::sync();
  if (thread() == 0) {
    uint32_t count = 0;
    for (uint32_t c = 0; c < a.choices(); ++c)
      if (expert_of(a, c) == expert) chosen.choices[count++] = c;
    *chosen.count = count;
  }
  gpu::sync();
}

// The blocks of down's inputs whose last column this block wrote become digits.
GPU_DEVICE void quantise_hidden(const ExpertsArgs& a, uint32_t choice, uint32_t tile, uint32_t* flag) {
  const Split& split = a.down.split;
  const uint32_t begin = tile * kTileN, end = least(begin + kTileN, a.gate.n);
  for (uint32_t b = split.block_of(begin); b <= split.block_of(end - 1); ++b) {
    const uint32_t count = split.count(b), first = split.begin(b);
    if (count == 0) continue;
    const uint32_t tiles = (first + count - 1) / kTileN - first / kTileN + 1;
    if (!last_to_arrive(a.arrivals + uint64_t{choice} * split.blocks() + b, tiles, flag)) continue;
    if (wave() == 0)
      quantise_block(a.hidden.values + uint64_t{choice} * a.hidden.stride, split, b,
                     a.hidden.digits + uint64_t{choice} * split.padded() * 2,
                     a.hidden.scales + uint64_t{choice} * split.blocks());
  }
}

// Grid: [tiles of ffn, choices]. The block of an expert's first choice works for all of them.
template <Element E, int R>
GPU_KERNEL(kThreads, kResidentOf<R>)
gate_up_few(ExpertsArgs a) {
  GPU_SHARED(uint32_t, row, R);
  GPU_SHARED(uint32_t, products, kSegment * R * kTileN);
  GPU_SHARED(float, results, 2 * R * kTileN);  // of gate, of up
  GPU_SHARED(uint32_t, choices, kFewChoices);
  GPU_SHARED(uint32_t, count, 1);
  GPU_SHARED(uint32_t, flag, 1);
  const Chosen chosen{count, choices};
  const uint32_t tile = gpu::block_x(), expert = expert_of(a, gpu::block_y());
  if (expert >= a.gate.experts) return;
  find_choices(a, expert, chosen);
  if (choices[0] != gpu::block_y()) return;
  for (uint32_t first = 0; first < *count; first += R) {
    const FewRows<R> rows = few_rows<R>(*count - first, row, [&](uint32_t r) { return choices[first + r] / a.used; });
    GPU_UNROLL(1)
    for (uint32_t i = 0; i < 2; ++i) {
      Matrix m = a.gate;  // up has the same shape
      if (i == 1) m.tiles = a.up.tiles, m.scales = a.up.scales;
      multiply_few<E, R>(m, expert, tile, a.x, rows, products, results + i * R * kTileN);
    }
    const uint32_t r = thread() / kTileN, n = tile * kTileN + thread() % kTileN;
    if (r < rows.count && n < a.gate.n)
      gpu::store(a.hidden.values + uint64_t{choices[first + r]} * a.hidden.stride + n,
                 gelu_times(results[thread()], results[R * kTileN + thread()]));
    if (a.down.element != Element::i8) continue;
    for (uint32_t i = 0; i < rows.count; ++i) quantise_hidden(a, choices[first + i], tile, flag);
  }
}

// Grid: [tiles of d]. Experts are added in the order of their index.
template <Element E, int R>
GPU_KERNEL(kThreads, kResidentOf<R>)
down_few(ExpertsArgs a) {
  GPU_SHARED(uint32_t, row, R);
  GPU_SHARED(uint32_t, products, kSegment * R * kTileN);
  GPU_SHARED(float, result, R* kTileN);
  GPU_SHARED(float, y, kFewRows* kTileN);
  GPU_SHARED(uint32_t, choices, kFewChoices);
  GPU_SHARED(uint32_t, count, 1);
  GPU_SHARED(uint32_t, next, 1);
  const Chosen chosen{count, choices};
  const uint32_t tile = gpu::block_x();
  if (thread() < kFewRows * kTileN) y[thread()] = 0;
  for (uint32_t expert = 0; expert < a.down.experts; ++expert) {
    if (thread() == 0) {  // the next expert that somebody chose
      uint32_t found = kNone;
      for (uint32_t c = 0; c < a.choices(); ++c) {
        const uint32_t e = expert_of(a, c);
        if (e >= expert && e < found && e < a.down.experts) found = e;
      }
      *next = found;
    }
    gpu::sync();
    expert = *next;
    if (expert == kNone) break;
    find_choices(a, expert, chosen);
    for (uint32_t first = 0; first < *count; first += R) {
      const FewRows<R> rows = few_rows<R>(*count - first, row, [&](uint32_t r) { return choices[first + r]; });
      const Rows hidden{a.hidden.values, a.hidden.digits, a.hidden.scales, a.hidden.stride};
      multiply_few<E, R>(a.down, expert, tile, hidden, rows, products, result);
      if (thread() < kTileN)
        for (uint32_t r = 0; r < rows.count; ++r) {
          const uint32_t choice = choices[first + r];
          float& sum = y[choice / a.used * kTileN + thread()];
          sum = fmaf(gpu::load(a.gates + choice), result[r * kTileN + thread()], sum);
        }
      gpu::sync();
    }
  }
  const uint32_t y_row = thread() / kTileN, n = tile * kTileN + thread() % kTileN;
  if (y_row < a.n_rows && n < a.down.n) gpu::store(a.y + uint64_t{y_row} * a.down.n + n, y[thread()]);
}

// ---- many choices ----

// begin[e] and the choices of each expert, ascending. One block, one thread an expert.
GPU_KERNEL(kThreads, kResident) group_choices(ExpertsArgs a) {
  GPU_SHARED(uint32_t, begin, kMostExperts + 1);
  const uint32_t n = a.gate.experts;
  uint32_t count = 0;
  for (uint32_t c = 0; c < a.choices(); ++c) count += expert_of(a, c) == thread() ? 1 : 0;
  if (thread() < n) begin[thread() + 1] = count;
  gpu::sync();
  if (thread() == 0) {
    begin[0] = 0;
    for (uint32_t e = 0; e < n; ++e) begin[e + 1] += begin[e];
  }
  gpu::sync();
  for (uint32_t e = thread(); e <= n; e += kThreads) gpu::store(a.grouping.begin + e, begin[e]);
  if (thread() >= n) return;
  uint32_t at = begin[thread()];
  for (uint32_t c = 0; c < a.choices(); ++c)
    if (expert_of(a, c) == thread()) gpu::store(a.grouping.choices + at++, c);
}

// The tile'th tile of `rows` choices of one expert: which expert and which of its choices; false past the last.
GPU_DEVICE bool tile_of_choices(const ExpertsArgs& a, uint32_t tile, uint32_t rows, uint32_t& expert, uint32_t& first,
                                uint32_t& end) {
  for (expert = 0; expert < a.gate.experts; ++expert) {
    first = gpu::load(a.grouping.begin + expert);
    end = gpu::load(a.grouping.begin + expert + 1);
    const uint32_t tiles = divide_up(end - first, rows);
    if (tile < tiles) {
      first += tile * rows;
      return true;
    }
    tile -= tiles;
  }
  return false;
}

// Grid: [tiles of outputs, tiles of choices].
template <Element E>
GPU_KERNEL(kThreads, 2)
gate_up_many(ExpertsArgs a) {
  GPU_SHARED(uint32_t, rows, kTileRows<E>);
  GPU_SHARED(uint32_t, shared, kTileWords<E>);
  uint32_t expert, first, end;
  if (!tile_of_choices(a, gpu::block_y(), kTileRows<E>, expert, first, end)) return;
  if (thread() < kTileRows<E>)
    rows[thread()] = first + thread() < end ? gpu::load(a.grouping.choices + first + thread()) / a.used : kNone;
  gpu::sync();
  const uint32_t tile = gpu::block_x() * kStrips;
  float gate[kMine<E>][kStrips], up[kMine<E>][kStrips];
  multiply_many<E>(a.gate, expert, tile, a.x, rows, shared, gate);
  multiply_many<E>(a.up, expert, tile, a.x, rows, shared, up);
  for (uint32_t i = 0; i < kMine<E>; ++i) {
    const uint32_t at = first + thread() / kSide + i * kSide;
    if (at >= end) continue;
    const uint32_t choice = gpu::load(a.grouping.choices + at);
    for (uint32_t j = 0; j < kStrips; ++j) {
      const uint32_t n = (tile + j) * kTileN + thread() % kSide;
      if (n < a.gate.n)
        gpu::store(a.hidden.values + uint64_t{choice} * a.hidden.stride + n, gelu_times(gate[i][j], up[i][j]));
    }
  }
}

template <Element E>
GPU_KERNEL(kThreads, 2)
down_many(ExpertsArgs a) {
  GPU_SHARED(uint32_t, rows, kTileRows<E>);
  GPU_SHARED(uint32_t, shared, kTileWords<E>);
  uint32_t expert, first, end;
  if (!tile_of_choices(a, gpu::block_y(), kTileRows<E>, expert, first, end)) return;
  if (thread() < kTileRows<E>)
    rows[thread()] = first + thread() < end ? gpu::load(a.grouping.choices + first + thread()) : kNone;
  gpu::sync();
  const uint32_t tile = gpu::block_x() * kStrips;
  const Rows hidden{a.hidden.values, a.hidden.digits, a.hidden.scales, a.hidden.stride};
  float out[kMine<E>][kStrips];
  multiply_many<E>(a.down, expert, tile, hidden, rows, shared, out);
  for (uint32_t i = 0; i < kMine<E>; ++i) {
    const uint32_t choice = rows[thread() / kSide + i * kSide];
    if (choice == kNone) continue;
    for (uint32_t j = 0; j < kStrips; ++j) {
      const uint32_t n = (tile + j) * kTileN + thread() % kSide;
      if (n < a.down.n) gpu::store(a.outs + uint64_t{choice} * a.down.n + n, out[i][j]);
    }
  }
}

// y = the gate-weighted sum of a row's outputs, experts in the order of their index, equal ones in that of their slots.
GPU_KERNEL(kThreads, kResident) combine(ExpertsArgs a) {
  const uint32_t row = gpu::block_x(), first = row * a.used, d = a.down.n;
  for (uint32_t n = thread(); n < d; n += kThreads) {
    float sum = 0;
    uint64_t last = 0;  // (expert, slot) + 1 of what was added last
    for (uint32_t i = 0; i < a.used; ++i) {
      uint64_t next = ~uint64_t{0};
      for (uint32_t slot = 0; slot < a.used; ++slot) {
        const uint32_t e = expert_of(a, first + slot);
        const uint64_t key = (uint64_t{e} << 32 | slot) + 1;
        if (e < a.down.experts && key > last && key < next) next = key;
      }
      if (next == ~uint64_t{0}) break;
      last = next;
      const uint32_t choice = first + static_cast<uint32_t>(next - 1);
      sum = fmaf(gpu::load(a.gates + choice), gpu::load(a.outs + uint64_t{choice} * d + n), sum);
    }
    gpu::store(a.y + uint64_t{row} * d + n, sum);
  }
}

void few_experts(const ExpertsArgs& a, gpu::Stream stream) {
  with_element(a.gate.element, [&](auto element) {
    with_rows(a.n_rows, [&](auto rows) {
      constexpr Element E = element;
      constexpr int R = rows;
      gpu::launch("gate_up_few", gate_up_few<E, R>, {a.gate.tiles_n(), a.choices()}, kThreads, stream, a);
    });
  });
  with_element(a.down.element, [&](auto element) {
    with_rows(a.n_rows, [&](auto rows) {
      constexpr Element E = element;
      constexpr int R = rows;
      gpu::launch("down_few", down_few<E, R>, {a.down.tiles_n()}, kThreads, stream, a);
    });
  });
}

void many_experts(const ExpertsArgs& a, gpu::Stream stream) {
  gpu::launch("group_choices", group_choices, {}, kThreads, stream, a);
  with_element(a.gate.element, [&](auto element) {
    constexpr Element E = element;
    const gpu::Grid grid{divide_up(a.gate.tiles_n(), kStrips), divide_up(a.choices(), kTileRows<E>) + a.gate.experts};
    gpu::launch("gate_up_many", gate_up_many<E>, grid, kThreads, stream, a);
  });
  if (a.down.element == Element::i8)
    quantise({a.hidden.values, a.hidden.stride, a.choices(), a.down.split, a.hidden.digits, a.hidden.scales}, stream);
  with_element(a.down.element, [&](auto element) {
    constexpr Element E = element;
    const gpu::Grid grid{divide_up(a.down.tiles_n(), kStrips), divide_up(a.choices(), kTileRows<E>) + a.down.experts};
    gpu::launch("down_many", down_many<E>, grid, kThreads, stream, a);
  });
  gpu::launch("combine", combine, {a.n_rows}, kThreads, stream, a);
}

}  // namespace

void experts(const ExpertsArgs& a, gpu::Stream stream) {
  a.n_rows <= kFewRows&& a.choices() <= kFewChoices ? few_experts(a, stream) : many_experts(a, stream);
}

}  // namespace grok1::accel::GROK1_GPU_VARIANT
