// One pass of the model over the rows of a step.
#pragma once

#include "core/model/pass.h"

namespace grok1 {

// The operators of a pass as an observer is told of them.
enum class Stage { embed, attention, add_norm, route, experts, logits };

// Looks on at every operator and layer, between what has been enqueued before and after.
class PassObserver {
 public:
  virtual ~PassObserver() = default;
  virtual void before_layer(uint32_t layer) = 0;  // may throw to end the pass
  virtual void after(Stage stage) = 0;
  virtual void after_layer(uint32_t layer) = 0;
};

// Enqueues the pass. Throws what a device or the observer throws; the KV pages that the pass writes are then undefined
// and work may still be under way.
void forward(const Pass& pass, PassObserver& observer);

}  // namespace grok1
