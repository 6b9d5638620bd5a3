// A layer and an LM head: the weights of this device's share, frozen. Binding checks them (binding.cpp); operators use
// them.
#ifndef GROK1_BACKENDS_GPU_BINDING_H
#define GROK1_BACKENDS_GPU_BINDING_H

#include "backends/gpu/weights.h"

namespace grok1::accel {

struct Layer {
  Device* device;
  grok1_model_desc model;
  uint32_t index;
  const Weight *q, *k, *v, *o;     // all or none
  const Weight* router;            // may be null
  const Weight *gate, *up, *down;  // all or none
  uint32_t kv_head_begin, kv_head_end, expert_begin, expert_end;
};

struct LmHead {
  Device* device;
  grok1_model_desc model;
  const Weight* embedding;
  uint32_t vocab_begin, vocab_end;
};

// A model's numbers with their relations checked.
grok1_model_desc checked_model(const grok1_model_desc* model);

// Refuses `name`, which was made for model `found`, if that is not the step's.
void check_same_model(const grok1_model_desc& step, const grok1_model_desc& found, const char* name);

}  // namespace grok1::accel

#endif
