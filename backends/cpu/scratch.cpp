// How much scratch a step needs, and where each part lies.
#include <algorithm>

#include "backends/cpu/kv.h"
#include "backends/cpu/linear.h"
#include "backends/cpu/step.h"

namespace grok1::cpu {
namespace {

class Carver {
 public:
  explicit Carver(char* base) : base_(base) {}
  uint64_t used() const { return used_; }

  template <class T>
  void take(T*& part, uint64_t count) {
    part = base_ == nullptr ? nullptr : reinterpret_cast<T*>(base_ + used_);
    used_ = size_sum({used_, size_product({count, sizeof(T)}), 63}) / 64 * 64;
  }

 private:
  char* base_;
  uint64_t used_ = 0;
};

// Numbers of the model as 64 bits.
struct Sizes {
  uint64_t d, q, kv, ffn, rows, panel;
  explicit Sizes(const Step& s)
      : d(s.model.d_model),
        q(size_product({s.model.heads, s.model.head_dim})),
        kv(size_product({s.model.kv_heads, s.model.head_dim})),
        ffn(s.model.ffn),
        rows(s.limits.rows),
        panel(std::min<uint64_t>(size_product({s.limits.rows, s.model.experts_used}), kPanelRows)) {}
};

void lay_out_pass(Carver& carver, Step& s) {
  const uint64_t rows = s.limits.rows;
  carver.take(s.pass.tokens, rows);
  carver.take(s.pass.positions, rows);
  carver.take(s.pass.chunk, rows);
  carver.take(s.pass.page_table, size_product({s.limits.chunks, s.limits.pages}));
  carver.take(s.pass.logit_rows, s.limits.logit_rows);
  carver.take(s.pass.rope, size_product({rows, s.model.head_dim}));
}

// The largest of the rows that are quantised at once: attention's input and output, an expert's hidden rows.
void lay_out_digits(Carver& carver, Step& s, const Sizes& n) {
  carver.take(s.scratch.digits,
              std::max({size_product({n.rows, digit_stride(n.d)}), size_product({n.rows, digit_stride(n.q)}),
                        size_product({n.panel, digit_stride(n.ffn)})}));
  carver.take(s.scratch.digit_scales,
              std::max({size_product({n.rows, most_blocks(n.d)}), size_product({n.rows, most_blocks(n.q)}),
                        size_product({n.panel, most_blocks(n.ffn)})}));
}

void lay_out_attention(Carver& carver, Step& s, const Sizes& n) {
  const uint64_t width = head_width_of(s.model.head_dim);
  carver.take(s.scratch.q, size_product({n.rows, n.q}));
  carver.take(s.scratch.k, size_product({n.rows, n.kv}));
  carver.take(s.scratch.v, size_product({n.rows, n.kv}));
  carver.take(s.scratch.rotated, size_product({n.rows, s.model.heads, width}));
  const uint64_t few = std::min<uint64_t>(n.rows, kFewRows);
  carver.take(s.scratch.splits,
              size_product({few, units_per_row(s.model), most_splits(s.limits), split_floats(s.model)}));
}

void lay_out_experts(Carver& carver, Step& s, const Sizes& n) {
  const uint64_t choices = size_product({n.rows, s.model.experts_used});
  s.scratch.panel_rows = static_cast<uint32_t>(n.panel);
  carver.take(s.scratch.gate, size_product({n.panel, n.ffn}));
  carver.take(s.scratch.up, size_product({n.panel, n.ffn}));
  carver.take(s.scratch.down, size_product({n.panel, n.d}));
  carver.take(s.scratch.expert_rows, choices);
  carver.take(s.scratch.expert_gates, choices);
}

constexpr uint64_t kSweptPairs = 64;  // rows times experts whose gate and up are swept as one piece of work

// One row of any weight that a row can be swept over, however small its scale groups; many rows of weights with few.
// What finds no room goes over tiles.
uint64_t partial_sums(const Sizes& n) {
  const auto one = [](uint64_t k, uint64_t outputs) { return size_product({most_chunks(k), outputs}); };
  const auto many = [](uint64_t rows, uint64_t k, uint64_t outputs) {
    return size_product({rows, k / kChunk + 1, outputs});
  };
  const uint64_t rows = std::min<uint64_t>(n.rows, kSweptRows), pairs = std::min(n.panel, kSweptPairs);
  return std::max({one(n.d, n.q + 2 * n.kv), one(n.d, 2 * n.ffn), one(n.q, n.d), one(n.ffn, n.d),
                   many(rows, n.d, n.q + 2 * n.kv), many(rows, n.q, n.d), many(pairs, n.d, 2 * n.ffn),
                   many(pairs, n.ffn, n.d)});
}

}  // namespace

uint64_t units_per_row(const grok1_model_desc& model) {
  return uint64_t{model.kv_heads} * ((model.heads / model.kv_heads + kHeads - 1) / kHeads);
}

uint64_t split_floats(const grok1_model_desc& model) {
  const uint64_t heads = std::min(model.heads / model.kv_heads, kHeads);
  return heads * (head_width_of(model.head_dim) + 2);
}

uint64_t most_splits(const Limits& limits) {
  return (uint64_t{limits.pages} * limits.page_tokens + kSplit - 1) / kSplit;
}

uint64_t lay_out(Step& s, char* base) {
  const Sizes n(s);
  Carver carver(base);
  lay_out_pass(carver, s);
  lay_out_attention(carver, s, n);
  lay_out_experts(carver, s, n);
  lay_out_digits(carver, s, n);
  carver.take(s.scratch.written, n.rows);
  s.scratch.partial_size = partial_sums(n);
  carver.take(s.scratch.partial, s.scratch.partial_size);
  const uint64_t attention =
      sizeof(float) * size_sum({kHeads * kSplit, size_product({most_splits(s.limits), split_floats(s.model)})});
  const uint64_t tile = s.device->onednn == nullptr ? kKernelScratch : s.device->onednn->scratch_bytes();
  s.scratch.thread_bytes = (std::max(tile, attention) + 63) / 64 * 64;
  carver.take(s.scratch.thread, size_product({s.device->threads.count(), s.scratch.thread_bytes}));
  return carver.used();
}

}  // namespace grok1::cpu
