// The KV cache of a session. In memory: [layer, K or V, kv head, page, token, row], so that a sequence whose pages were
// taken one after the other has all rows of a head in one piece: in pieces of a page, memory gives a third less. A row
// is that of the canonical layout, with as many zeros behind it as make whole registers.
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

  uint32_t row_bytes() const { return row_bytes_of(element, head_width_of(model.head_dim)); }
  uint64_t page_bytes() const { return uint64_t{row_bytes()} * page_tokens; }  // K or V of one head
  char* head(uint32_t layer_slot, uint32_t page, Half half, uint32_t kv_head) const {
    return memory.data() + (((uint64_t{layer_slot} * 2 + half) * heads() + kv_head) * n_pages + page) * page_bytes();
  }
};

}  // namespace grok1::cpu

#endif
