// What grok1_model_options ask of a placement, checked and with defaults filled in.
#pragma once

#include <string>

#include "core/formats/config.h"
#include "core/runtime/budget.h"
#include "grok1.h"

namespace grok1 {

// Throws GROK1_E_INVALID_ARGUMENT, naming the field.
Wishes read_wishes(const grok1_model_options& options);

// How the weights shall be held, GROK1_WEIGHTS_*. Throws GROK1_E_INVALID_ARGUMENT.
uint32_t weights_wish(const grok1_model_options& options);

// Whether they leave something to a CPU whatever fits, so that one must be among the devices.
bool want_cpu(const Wishes& wishes, const Config& config);

// "key=value,..." for the backends.
std::string backend_options(const grok1_model_options& options);

}  // namespace grok1
