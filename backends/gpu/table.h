// The functions behind the operator table, each with the type of its slot, so that a wrong signature does not link.
// Defined in the file of the object's or the operator's name; backend.cpp fills the table.
#ifndef GROK1_BACKENDS_GPU_TABLE_H
#define GROK1_BACKENDS_GPU_TABLE_H

#include <type_traits>

#include "grok1_backend.h"

namespace grok1::accel {

#define GROK1_SLOT(name) std::remove_pointer_t<decltype(grok1_backend_ops::name)> name

// backend.cpp, device.cpp
GROK1_SLOT(close);
GROK1_SLOT(device_count);
GROK1_SLOT(device_info);
GROK1_SLOT(device_open);
GROK1_SLOT(device_close);
GROK1_SLOT(supports);
// buffer.cpp
GROK1_SLOT(buffer_alloc);
GROK1_SLOT(buffer_free);
GROK1_SLOT(buffer_map);
GROK1_SLOT(copy);
GROK1_SLOT(fill);
// queue.cpp
GROK1_SLOT(queue_create);
GROK1_SLOT(queue_destroy);
GROK1_SLOT(queue_sync);
GROK1_SLOT(event_create);
GROK1_SLOT(event_destroy);
GROK1_SLOT(event_record);
GROK1_SLOT(queue_wait);
GROK1_SLOT(event_wait);
// weights.cpp
GROK1_SLOT(weight_plan);
GROK1_SLOT(weight_begin);
GROK1_SLOT(weight_chunk);
GROK1_SLOT(weight_end);
GROK1_SLOT(weight_free);
// binding.cpp
GROK1_SLOT(layer_bind);
GROK1_SLOT(layer_free);
GROK1_SLOT(lm_head_bind);
GROK1_SLOT(lm_head_free);
// kv.cpp
GROK1_SLOT(kv_plan);
GROK1_SLOT(kv_create);
GROK1_SLOT(kv_destroy);
GROK1_SLOT(kv_copy_pages);
GROK1_SLOT(kv_export);
GROK1_SLOT(kv_import);
// step.cpp
GROK1_SLOT(step_plan);
GROK1_SLOT(step_create);
GROK1_SLOT(step_destroy);
GROK1_SLOT(step_set);
// rows.cpp
GROK1_SLOT(act_create);
GROK1_SLOT(act_destroy);
GROK1_SLOT(act_export);
GROK1_SLOT(act_import);
GROK1_SLOT(route_create);
GROK1_SLOT(route_destroy);
GROK1_SLOT(route_export);
GROK1_SLOT(route_import);
// the operators, each in the file of its name
GROK1_SLOT(embed);
GROK1_SLOT(attention);
GROK1_SLOT(add_norm);
GROK1_SLOT(moe_route);
GROK1_SLOT(moe_experts);
GROK1_SLOT(accumulate);
GROK1_SLOT(logits);

#undef GROK1_SLOT

}  // namespace grok1::accel

#endif
