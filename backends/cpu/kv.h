// The KV cache of a session. In memory: [layer, page, K or V, kv head, token, head_width], so that the positions of one
// head lie together; head_width is head_dim rounded up to whole registers, the rest is 0. Export and import speak the
// canonical layout.
#ifndef GROK1_BACKENDS_CPU_KV_H
#define GROK1_BACKENDS_CPU_KV_H

#include "backends/contract/kv.h"
#include "backends/cpu/device.h"
#include "backends/cpu/memory.h"
#include "backends/cpu/numbers.h"

namespace grok1::cpu {

constexpr uint32_t head_width_of(uint32_t head_dim) {
  return (head_dim + kLanes - 1) / kLanes * kLanes;
}

struct Kv : KvShape {
  enum Half { kKey = 0, kValue = 1 };

  Device* device;
  Element element;
  Memory memory;

  uint64_t token_bytes() const { return uint64_t{head_width_of(model.head_dim)} * bytes_of(element); }
  uint64_t head_bytes() const { return token_bytes() * page_tokens; }
  uint64_t page_bytes() const { return 2 * head_bytes() * heads(); }
  char* head(uint32_t layer_slot, uint32_t page, Half half, uint32_t kv_head) const {
    return memory.data() + (uint64_t{layer_slot} * n_pages + page) * page_bytes() +
           (uint64_t{half} * heads() + kv_head) * head_bytes();
  }
};

}  // namespace grok1::cpu

#endif
