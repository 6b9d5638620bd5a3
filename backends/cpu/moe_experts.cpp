// moe_experts: y = sum over the chosen experts of the share, in the order of their index, of
// gate * ((gelu(x . Wgate) * (x . Wup)) . Wdown). The pairs of a row and an expert that it chose are sorted by expert
// and taken in panels, so that a pass reads each expert's weights once for all its rows (once per panel), and the
// experts of a panel are one piece of work.
#include "backends/cpu/binding.h"
#include "backends/cpu/buffer.h"
#include "backends/cpu/float_state.h"
#include "backends/cpu/linear.h"
#include "backends/cpu/queue.h"
#include "backends/cpu/table.h"

namespace grok1::cpu {
namespace {

constexpr uint32_t kAddedPerTask = 512;  // columns of y

constexpr uint32_t kMostSegments = kMostProducts / 2;

// Some of an expert's pairs, which lie behind each other.
struct Segment {
  uint32_t expert, first, count;
};

struct Panel {
  Segment segments[kMostSegments];
  uint32_t n_segments = 0, first = 0, count = 0;

  // Of `segment`, what fits; how many pairs that is. An expert is cut in two only where a panel cannot hold it.
  uint32_t take(const Segment& segment, uint32_t room) {
    if (n_segments == kMostSegments || (count > 0 && count + segment.count > room)) return 0;
    if (count == 0) first = segment.first;
    Segment& taken = segments[n_segments++] = segment;
    taken.count = std::min(segment.count, room);
    count += taken.count;
    return taken.count;
  }
};

// Pairs that chose the expert, from number `first` on, in scratch; how many there are.
uint32_t gather(const Step& step, const Route& route, uint32_t expert, uint32_t first) {
  uint32_t count = 0;
  const uint32_t used = step.model.experts_used;
  for (uint32_t r = 0; r < step.pass.n_rows; ++r)
    for (uint32_t i = 0; i < used; ++i)
      if (route.experts[uint64_t{r} * used + i] == static_cast<int32_t>(expert)) {
        step.scratch.expert_rows[first + count] = r;
        step.scratch.expert_gates[first + count] = route.gates[uint64_t{r} * used + i];
        ++count;
      }
  return count;
}

// hidden = gelu(gate) * up in place of gate, and at once its digits for the down matrix.
Rows hidden_rows(const Step& step, const Weight& down, uint32_t count) {
  const Scratch& s = step.scratch;
  const uint64_t size = down.k();
  const std::vector<Chunk>& chunks = down.chunks.list;
  const Rows rows{s.gate,  s.digits, s.digit_scales,        size, digit_stride(size), down.chunks.blocks,
                  nullptr, count,    step.device->one_digit};
  const Kernels& kernels = step.device->kernels;
  step.device->threads.run(count * chunks.size(), [&](uint64_t task, uint32_t) {
    const uint64_t row = task / chunks.size();
    const Chunk& chunk = chunks[task % chunks.size()];
    float* gate = s.gate + row * size;
    kernels.gelu_times(gate + chunk.k_begin, s.up + row * size + chunk.k_begin, chunk.k_size);
    if (!down.is_i8()) return;
    kernels.quantise(gate, chunk, step.device->most_digit(), s.digits + row * rows.digit_stride,
                     s.digit_scales + row * rows.scale_stride);
  });
  return rows;
}

// A row is listed once for each expert, so columns and not rows are divided.
void add_to(float* y, const Step& step, const Panel& panel) {
  const uint64_t d = step.model.d_model;
  const uint32_t* rows = step.scratch.expert_rows + panel.first;
  const float* gates = step.scratch.expert_gates + panel.first;
  step.device->threads.run((d + kAddedPerTask - 1) / kAddedPerTask, [&](uint64_t task, uint32_t) {
    const uint64_t begin = task * kAddedPerTask, size = std::min<uint64_t>(kAddedPerTask, d - begin);
    for (uint32_t i = 0; i < panel.count; ++i)
      step.device->kernels.add_scaled(y + rows[i] * d + begin, step.scratch.down + i * d + begin, gates[i], size);
  });
}

// Of a panel whose gate holds the hidden rows.
void show_inputs(const Step& step, const Layer& layer, const Act& x, const Panel& panel) {
  const Scratch& s = step.scratch;
  const uint64_t d = step.model.d_model, ffn = layer.down->k();
  for (const Segment* segment = panel.segments; segment < panel.segments + panel.n_segments; ++segment) {
    for (uint32_t i = segment->first; i < segment->first + segment->count; ++i)
      step.onlooker.show({GROK1_INPUTS_GATE_UP, layer.index, segment->expert}, x.rows + s.expert_rows[i] * d, 1, d);
    step.onlooker.show({GROK1_INPUTS_DOWN, layer.index, segment->expert}, s.gate + (segment->first - panel.first) * ffn,
                       segment->count, ffn);
  }
}

void add_panel(Step& step, const Layer& layer, const Act& x, const Panel& panel, float* y) {
  if (panel.count == 0) return;
  const Scratch& s = step.scratch;
  const uint64_t ffn = layer.gate->n(), d = step.model.d_model;
  Product in[kMostProducts], out[kMostSegments];
  for (uint32_t i = 0; i < panel.n_segments; ++i) {
    const Segment& segment = panel.segments[i];
    const uint64_t at = segment.first - panel.first;
    Rows rows{};
    rows.index = s.expert_rows + segment.first, rows.count = segment.count;
    in[2 * i] = {layer.gate, segment.expert, rows, s.gate + at * ffn, ffn};
    in[2 * i + 1] = {layer.up, segment.expert, rows, s.up + at * ffn, ffn};
  }
  multiply_act(step, x, in, 2 * panel.n_segments);
  const Rows hidden = hidden_rows(step, *layer.down, panel.count);
  if (step.onlooker.is_there()) show_inputs(step, layer, x, panel);
  for (uint32_t i = 0; i < panel.n_segments; ++i) {
    const Segment& segment = panel.segments[i];
    const uint32_t at = segment.first - panel.first;
    out[i] = {layer.down, segment.expert, part_of(hidden, at, segment.count), s.down + at * d, d};
  }
  multiply(step, out, panel.n_segments);
  add_to(y, step, panel);
}

}  // namespace

grok1_status moe_experts(grok1_device* device, const grok1_experts_args* arguments, grok1_error* err) {
  return computing(err, [&] {
    Device& self = object<Device>(device, "device");
    const grok1_experts_args& args = input(arguments, GROK1_TYPE_EXPERTS_ARGS, "args");
    object_of<Queue>(&self, args.queue, "queue");
    Step& step = current(&self, args.step);
    const Layer& layer = object_of<const Layer>(&self, args.layer, "layer");
    check_same_model(step.model, layer.model, "layer");
    const Act& x = rows_of<Act>(step, args.x, "x");
    const Route& route = rows_of<Route>(step, args.route, "route");
    if (layer.gate == nullptr) refuse(GROK1_E_INVALID_ARGUMENT, "layer %u has no experts on this device", layer.index);
    const uint64_t size = uint64_t{step.pass.n_rows} * step.model.d_model;
    float* y = floats_in(&self, args.y, args.y_offset, size, "y");

    std::fill_n(y, size, 0.0f);
    Panel panel;
    Segment left{layer.expert_begin, 0, 0};
    for (uint32_t first = 0; left.expert < layer.expert_end; first += left.count, ++left.expert) {
      left.first = first, left.count = gather(step, route, left.expert, first);
      for (Segment rest = left; rest.count > 0;) {
        const uint32_t taken = panel.take(rest, step.scratch.panel_rows);
        rest.first += taken, rest.count -= taken;
        if (rest.count == 0) break;
        add_panel(step, layer, x, panel, y);
        panel = {};
      }
    }
    add_panel(step, layer, x, panel, y);
  });
}

}  // namespace grok1::cpu
