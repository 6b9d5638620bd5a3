// A bound layer or LM head: the model's numbers, the device's share, and the weights of exactly that share.
#ifndef GROK1_BACKENDS_REFERENCE_BINDING_H
#define GROK1_BACKENDS_REFERENCE_BINDING_H

#include "backends/reference/weights.h"

namespace grok1::reference {

struct Layer {
  const grok1_device* device;
  grok1_model_desc model;
  const Weight *q, *k, *v, *o;     // all NULL: no attention here
  const Weight* router;            // NULL: does not route
  const Weight *gate, *up, *down;  // all NULL: no experts here
  uint32_t index;
  uint32_t kv_head_begin, kv_head_end;
  uint32_t expert_begin, expert_end;
  uint32_t ffn_begin, ffn_end;
};

struct LmHead {
  const grok1_device* device;
  grok1_model_desc model;
  const Weight* embedding;
  uint32_t vocab_begin, vocab_end;
};

// A copy of a model's numbers, checked.
grok1_model_desc model_numbers(const grok1_model_desc* desc);

// Refuses objects of two different models.
void check_same_model(const grok1_model_desc& a, const grok1_model_desc& b, const char* name);

}  // namespace grok1::reference

#endif
