#include "core/plugin/operator_table.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <iterator>

namespace grok1 {
namespace {

struct Slot {
  std::string_view name;
  size_t offset;
};

#define SLOT(name)                           \
  Slot {                                     \
#name, offsetof(grok1_backend_ops, name) \
  }
constexpr Slot kRequired[] = {
    SLOT(close),         SLOT(device_count),  SLOT(device_info),   SLOT(device_open),   SLOT(device_close),
    SLOT(supports),      SLOT(buffer_alloc),  SLOT(buffer_free),   SLOT(buffer_map),    SLOT(copy),
    SLOT(fill),          SLOT(queue_create),  SLOT(queue_destroy), SLOT(queue_sync),    SLOT(event_create),
    SLOT(event_destroy), SLOT(event_record),  SLOT(queue_wait),    SLOT(event_wait),    SLOT(weight_plan),
    SLOT(weight_begin),  SLOT(weight_chunk),  SLOT(weight_end),    SLOT(weight_free),   SLOT(layer_bind),
    SLOT(layer_free),    SLOT(lm_head_bind),  SLOT(lm_head_free),  SLOT(kv_plan),       SLOT(kv_create),
    SLOT(kv_destroy),    SLOT(kv_copy_pages), SLOT(kv_export),     SLOT(kv_import),     SLOT(step_plan),
    SLOT(step_create),   SLOT(step_destroy),  SLOT(step_set),      SLOT(act_create),    SLOT(act_destroy),
    SLOT(act_export),    SLOT(act_import),    SLOT(route_create),  SLOT(route_destroy), SLOT(route_export),
    SLOT(route_import),  SLOT(embed),         SLOT(attention),     SLOT(add_norm),      SLOT(moe_route),
    SLOT(moe_experts),   SLOT(accumulate),    SLOT(logits),
};
#undef SLOT

constexpr size_t kHeadBytes = offsetof(grok1_backend_ops, close);
// get_extension is the only slot that may be NULL.
static_assert(std::size(kRequired) == (sizeof(grok1_backend_ops) - kHeadBytes) / sizeof(grok1_proc) - 1,
              "a slot of grok1_backend_ops is not listed here");

}  // namespace

std::vector<std::string_view> missing_functions(const grok1_backend_ops& ops) {
  std::vector<std::string_view> missing;
  for (const Slot& slot : kRequired) {
    grok1_proc function = nullptr;
    if (slot.offset + sizeof function <= ops.struct_size) {
      std::memcpy(&function, reinterpret_cast<const char*>(&ops) + slot.offset, sizeof function);
    }
    if (function == nullptr) missing.push_back(slot.name);
  }
  return missing;
}

grok1_backend_ops padded_copy(const grok1_backend_ops& ops) {
  // Whole slots only: half a pointer would be worse than none.
  const size_t whole = std::min<size_t>(ops.struct_size, sizeof ops) / sizeof(grok1_proc) * sizeof(grok1_proc);
  grok1_backend_ops copy{};
  std::memcpy(&copy, &ops, whole);
  copy.struct_size = sizeof copy;
  return copy;
}

}  // namespace grok1
