// What a model takes and what devices have, in numbers: all that the choice of a division (divide.h) goes by.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/model/division.h"

namespace grok1 {

struct DeviceBudget {
  uint64_t available = 0;  // free memory
  uint32_t pool = 0;       // devices of one number share that memory
  uint32_t backend = 0;    // devices of one number, not 0, can form a group: one backend that offers sums
  bool is_cpu = false;
  bool maps_experts = false;        // experts stay in the mapped files: they need no memory, only speed
  uint64_t scratch = 0;             // of one session, and while loading
  uint64_t head = 0;                // embedding, final norm, logits
  std::vector<uint64_t> norms;      // [layers] norms and router: on every member of a layer's home
  std::vector<uint64_t> attention;  // [layers] weights and KV pages, all heads
  std::vector<uint64_t> experts;    // [layers] all experts
};

struct ModelShape {
  uint32_t layers = 0;
  uint32_t kv_heads = 0;
  uint32_t experts = 0;
  uint32_t ffn = 0;
  uint32_t ffn_unit = 1;  // where columns are best cut: at multiples of it
};

// What the application asks for; nothing where it leaves the choice.
struct Wishes {
  std::optional<uint32_t> gpu_layers;
  std::optional<uint32_t> cpu_experts_layers;
  std::vector<double> tensor_split;  // each > 0
  uint32_t split = 0;                // GROK1_SPLIT_LAYER, _EXPERT, _FFN
  bool all_attention = false;        // no layer's attention may go to the CPU to make room
};

// Memory that the member takes: with experts that it maps, or without them.
struct Need {
  uint64_t in_memory = 0;
  uint64_t from_disk = 0;  // the same as in_memory where experts are not mapped
};
Need need_of(const DeviceBudget& device, const Division& division, uint32_t member);

// Whether each pool has what its members need, at least with mapped experts left on disk.
bool fits(const std::vector<DeviceBudget>& devices, const Division& division);

}  // namespace grok1
