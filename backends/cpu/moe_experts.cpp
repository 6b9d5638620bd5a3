// moe_experts: y = sum over the chosen experts of the share, in the order of their index, of
// gate * ((gelu(x . Wgate) * (x . Wup)) . Wdown). Rows are gathered by expert, so that a pass reads each expert's
// weights once for all its rows (once per panel of kPanelRows).
#include "backends/cpu/binding.h"
#include "backends/cpu/buffer.h"
#include "backends/cpu/float_state.h"
#include "backends/cpu/linear.h"
#include "backends/cpu/queue.h"
#include "backends/cpu/table.h"

namespace grok1::cpu {
namespace {

constexpr uint32_t kAddedPerTask = 512;  // columns of y

// Rows that chose the expert and their gates, in scratch; how many there are.
uint32_t gather(const Step& step, const Route& route, uint32_t expert) {
  uint32_t count = 0;
  const uint32_t used = step.model.experts_used;
  for (uint32_t r = 0; r < step.pass.n_rows; ++r)
    for (uint32_t i = 0; i < used; ++i)
      if (route.experts[uint64_t{r} * used + i] == static_cast<int32_t>(expert)) {
        step.scratch.expert_rows[count] = r;
        step.scratch.expert_gates[count] = route.gates[uint64_t{r} * used + i];
        ++count;
      }
  return count;
}

// hidden = gelu(gate) * up in place of gate, and at once its digits for the down matrix.
Rows hidden_rows(const Step& step, const Weight& down, uint32_t count) {
  const Scratch& s = step.scratch;
  const uint64_t size = down.k();
  const std::vector<Chunk>& chunks = down.chunks.list;
  const Rows rows{s.gate, s.digits, s.digit_scales, size, digit_stride(size), down.chunks.blocks, nullptr, count,
                  step.device->one_digit};
  const Kernels& kernels = step.device->kernels;
  step.device->threads.run(count * chunks.size(), [&](uint64_t task, uint32_t) {
    const uint64_t row = task / chunks.size();
    const Chunk& chunk = chunks[task % chunks.size()];
    float* gate = s.gate + row * size;
    kernels.gelu_times(gate + chunk.k_begin, s.up + row * size + chunk.k_begin, chunk.k_size);
    if (!down.is_i8()) return;
    kernels.quantise(gate, chunk, step.device->most_digit(), s.digits + row * rows.digit_stride, s.digit_scales + row * rows.scale_stride);
  });
  return rows;
}

// A row may be listed twice, so columns and not rows are divided.
void add_to(float* y, const Step& step, const uint32_t* rows, const float* gates, uint32_t count) {
  const uint64_t d = step.model.d_model;
  step.device->threads.run((d + kAddedPerTask - 1) / kAddedPerTask, [&](uint64_t task, uint32_t) {
    const uint64_t begin = task * kAddedPerTask, size = std::min<uint64_t>(kAddedPerTask, d - begin);
    for (uint32_t i = 0; i < count; ++i)
      step.device->kernels.add_scaled(y + rows[i] * d + begin, step.scratch.down + i * d + begin, gates[i], size);
  });
}

void add_expert(Step& step, const Layer& layer, const Act& x, uint32_t expert, const uint32_t* rows, const float* gates,
                uint32_t count, float* y) {
  const Scratch& s = step.scratch;
  const Product in[] = {{layer.gate, expert, s.gate, layer.gate->n()}, {layer.up, expert, s.up, layer.up->n()}};
  multiply_act(step, x, rows, count, in, 2);
  const Product out{layer.down, expert, s.down, step.model.d_model};
  multiply(step, hidden_rows(step, *layer.down, count), &out, 1);
  add_to(y, step, rows, gates, count);
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
    for (uint32_t expert = layer.expert_begin; expert < layer.expert_end; ++expert) {
      const uint32_t count = gather(step, route, expert);
      for (uint32_t i = 0; i < count; i += kPanelRows)
        add_expert(step, layer, x, expert, step.scratch.expert_rows + i, step.scratch.expert_gates + i,
                   std::min({count - i, kPanelRows, step.limits.rows}), y);
    }
  });
}

}  // namespace grok1::cpu
