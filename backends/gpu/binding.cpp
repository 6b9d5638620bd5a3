// Binding: handles for layers and LM heads, and what kernels want of a layer besides the contract.
#include "backends/gpu/binding.h"

#include "backends/gpu/table.h"

namespace grok1::accel {
namespace {

// One kernel multiplies both.
void check_alike(const Weight& a, const Weight& b, const char* names) {
  if (a.element == b.element && a.matrix.split == b.matrix.split) return;
  refuse(GROK1_E_UNSUPPORTED,
         "%s: wanted one encoding with the same scale groups, found encodings %u and %u with %u and "
         "%u groups",
         names, a.desc.encoding, b.desc.encoding, a.desc.groups, b.desc.groups);
}

void check_for_kernels(const Layer& layer) {
  if (layer.q != nullptr) {
    check_alike(*layer.q, *layer.k, "q and k");
    check_alike(*layer.q, *layer.v, "q and v");
    if (layer.model.head_dim > kMostHeadDim)
      refuse(GROK1_E_UNSUPPORTED, "head_dim is %u: the GPU takes at most %u", layer.model.head_dim, kMostHeadDim);
  }
  if (layer.gate != nullptr) check_alike(*layer.gate, *layer.up, "gate and up");
}

}  // namespace

grok1_status layer_bind(grok1_device* device, const grok1_layer_desc* desc, grok1_layer** layer, grok1_error* err) {
  return guarded(err, [&] {
    Device& self = object<Device>(device, "device");
    given(layer, "layer");
    const Layer made = bound_layer<Weight>(&self, desc);
    check_for_kernels(made);
    hand_out(layer, new Layer(made));
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

}  // namespace grok1::accel
