// Binding: handles for layers and LM heads.
#include "backends/cpu/binding.h"

#include "backends/cpu/table.h"

namespace grok1::cpu {

grok1_status layer_bind(grok1_device* device, const grok1_layer_desc* desc, grok1_layer** layer, grok1_error* err) {
  return guarded(err, [&] {
    Device& self = object<Device>(device, "device");
    given(layer, "layer");
    hand_out(layer, new Layer(bound_layer<Weight>(&self, desc)));
  });
}

void layer_free(grok1_layer* layer) {
  delete reinterpret_cast<Layer*>(layer);
}

grok1_status lm_head_bind(grok1_device* device, const grok1_lm_head_desc* desc, grok1_lm_head** lm_head,
                          grok1_error* err) {
  return guarded(err, [&] {
    Device& self = object<Device>(device, "device");
    given(lm_head, "lm_head");
    hand_out(lm_head, new LmHead(bound_lm_head<Weight>(&self, desc)));
  });
}

void lm_head_free(grok1_lm_head* lm_head) {
  delete reinterpret_cast<LmHead*>(lm_head);
}

}  // namespace grok1::cpu
