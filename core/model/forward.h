// One pass of the model over the rows of a step, on one device.
#pragma once

#include "core/model/weights.h"

namespace grok1 {

// What a pass works on; all of it belongs to a session.
struct Pass {
  grok1_queue* queue;
  grok1_step* step;  // the rows: tokens, positions, page tables
  grok1_kv* kv;
  grok1_buffer* h;       // float [rows, d_model]: the residual stream
  grok1_buffer* y;       // float [rows, d_model]: what attention or experts add to it
  grok1_act* x;          // rows normed for what follows
  grok1_route* route;    // chosen experts and gates
  grok1_buffer* logits;  // float [logit rows, vocab]
  uint64_t logits_offset;
  bool wants_logits;
};

// Looks on at every layer, between what has been enqueued before and after.
class PassObserver {
 public:
  virtual ~PassObserver() = default;
  virtual void before_layer(uint32_t layer) = 0;  // may throw to end the pass
  virtual void after_embed() = 0;
  virtual void after_layer(uint32_t layer) = 0;
};

// Enqueues the pass. Throws what the device or the observer throws; the KV pages that the pass writes are then
// undefined.
void forward(const Device& device, const Weights& weights, const Pass& pass, PassObserver& observer);

}  // namespace grok1
