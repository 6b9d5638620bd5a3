#include "core/runtime/input_sums.h"

#include <algorithm>

namespace grok1 {
namespace {

const grok1_inputs_ops& inputs_ops(const Device& device) {
  const grok1_inputs_ops* ops = device.inputs_ops();
  if (ops == nullptr) {
    fail(
        GROK1_E_UNSUPPORTED,
        "{}: a device that shows the inputs of its matrices (grok1.inputs/1) wanted, found one whose backend does not; "
        "load the model on the CPU alone",
        device.name());
  }
  return *ops;
}

}  // namespace

InputSums::InputSums(const grok1_model_desc& model, const Division& division, std::vector<std::string> devices)
    : desc_(model), division_(division), devices_(std::move(devices)) {
  for (uint32_t member = 0; member < devices_.size(); ++member) seats_.push_back({this, member});
  const uint64_t d = desc_.d_model, q = uint64_t{desc_.heads} * desc_.head_dim;
  for (uint32_t i = 0; i < desc_.layers; ++i) {
    layers_.push_back({{d, 1}, {q, 1}, {d, desc_.experts}, {desc_.ffn, desc_.experts}});
  }
  head_ = {d, 1};
}

void InputSums::attach(const Pass& pass) {
  for (const Member& m : pass.members) inputs_ops(*m.device);
  try {
    for (uint32_t i = 0; i < pass.members.size(); ++i) {
      const Member& m = pass.members[i];
      m.device->call(inputs_ops(*m.device).step_observe, m.step, &InputSums::take, static_cast<void*>(&seats_[i]));
    }
  } catch (...) {
    detach(pass);
    throw;
  }
}

void InputSums::detach(const Pass& pass) noexcept {
  for (const Member& m : pass.members) {
    grok1_error error = GROK1_INIT(grok1_error);
    if (const grok1_inputs_ops* ops = m.device->inputs_ops()) ops->step_observe(m.step, nullptr, nullptr, &error);
  }
}

// Devices that divide the kv heads or the ffn columns of a layer show x each, and each its part of what follows: x is
// taken from the one whose part is the first, which also counts the rows. Experts are each on one device, or divided
// so.
InputSums::Place InputSums::place(uint32_t member, const grok1_inputs& inputs) {
  if (inputs.what == GROK1_INPUTS_HEAD) return {member == division_.head() ? &head_ : nullptr, 0, desc_.d_model};
  if (inputs.layer >= layers_.size()) return {};
  Layer& layer = layers_[inputs.layer];
  const Share& share = division_.share(inputs.layer, member);
  const bool has_expert = inputs.expert >= share.experts.begin && inputs.expert < share.experts.end;
  const uint64_t group = desc_.heads / desc_.kv_heads * uint64_t{desc_.head_dim};
  const bool first_heads = share.kv_heads.begin == 0, first_columns = share.ffn.begin == 0;
  switch (inputs.what) {
    case GROK1_INPUTS_QKV: return {share.attends() ? &layer.qkv : nullptr, 0, desc_.d_model, first_heads, first_heads};
    case GROK1_INPUTS_O:
      return {share.attends() ? &layer.o : nullptr, share.kv_heads.begin * group, share.kv_heads.size() * group,
              first_heads};
    case GROK1_INPUTS_GATE_UP:
      return {has_expert ? &layer.gate_up : nullptr, 0, desc_.d_model, first_columns, first_columns};
    case GROK1_INPUTS_DOWN:
      return {has_expert ? &layer.down : nullptr, share.ffn.begin, share.ffn.size(), first_columns};
    default: return {};
  }
}

void InputSums::take(void* context, const grok1_inputs* inputs) noexcept {
  const Seat& seat = *static_cast<const Seat*>(context);
  seat.sums->add(seat.member, *inputs);
}

void InputSums::add(uint32_t member, const grok1_inputs& inputs) noexcept {
  const Place to = place(member, inputs);
  const bool plain = to.matrix != nullptr && to.matrix->counts.size() == 1;
  const uint32_t expert = plain ? 0 : inputs.expert;
  if (to.matrix == nullptr || inputs.width != to.width || inputs.expert != expert) {
    unsound_ = &devices_[member];
    return;
  }
  if (!to.is_wanted) return;
  double* squares = to.matrix->squares.data() + expert * to.matrix->k + to.k_begin;
  for (uint64_t row = 0; row < inputs.n_rows; ++row) {
    const float* x = inputs.rows + row * to.width;
    for (uint64_t i = 0; i < to.width; ++i) squares[i] += double{x[i]} * double{x[i]};
  }
  if (to.counts) to.matrix->counts[expert] += inputs.n_rows;
}

void InputSums::require_sound() const {
  if (unsound_ == nullptr) return;
  fail(GROK1_E_BACKEND,
       "{}: inputs of the matrices of its share wanted (grok1.inputs/1), found others; the sums are of no use, and the "
       "backend needs repair: grok1-conformance shows where",
       *unsound_);
}

}  // namespace grok1
