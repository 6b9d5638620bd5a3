// The operator table of a backend: the names of the functions behind its slots, all but get_extension's. They are
// defined in the file of the object's or the operator's name; a backend declares them in its own namespace with
//   GROK1_TABLE_FUNCTIONS(GROK1_DECLARE_FUNCTION)
// each with the type of its slot, so that a wrong signature does not link, and fills `ops` with
//   GROK1_TABLE_FUNCTIONS(GROK1_FILL_SLOT)
#ifndef GROK1_BACKENDS_CONTRACT_TABLE_H
#define GROK1_BACKENDS_CONTRACT_TABLE_H

#include <type_traits>

#include "grok1_backend.h"

// clang-format off
#define GROK1_TABLE_FUNCTIONS(X) \
  /* device.cpp, close in backend.cpp */ \
  X(close) X(device_count) X(device_info) X(device_open) X(device_close) X(supports) \
  /* buffer.cpp */ \
  X(buffer_alloc) X(buffer_free) X(buffer_map) X(copy) X(fill) \
  /* queue.cpp */ \
  X(queue_create) X(queue_destroy) X(queue_sync) X(event_create) X(event_destroy) X(event_record) X(queue_wait) \
  X(event_wait) \
  /* weights.cpp */ \
  X(weight_plan) X(weight_begin) X(weight_chunk) X(weight_end) X(weight_free) \
  /* binding.cpp */ \
  X(layer_bind) X(layer_free) X(lm_head_bind) X(lm_head_free) \
  /* kv.cpp */ \
  X(kv_plan) X(kv_create) X(kv_destroy) X(kv_copy_pages) X(kv_export) X(kv_import) \
  /* step.cpp */ \
  X(step_plan) X(step_create) X(step_destroy) X(step_set) \
  /* rows.cpp */ \
  X(act_create) X(act_destroy) X(act_export) X(act_import) \
  X(route_create) X(route_destroy) X(route_export) X(route_import) \
  /* the operators, each in the file of its name */ \
  X(embed) X(attention) X(add_norm) X(moe_route) X(moe_experts) X(accumulate) X(logits)
// clang-format on

#define GROK1_DECLARE_FUNCTION(name) std::remove_pointer_t<decltype(grok1_backend_ops::name)> name;
#define GROK1_FILL_SLOT(name) ops.name = name;

#endif
