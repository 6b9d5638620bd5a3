// How large a session may get: the options' wishes with defaults filled in and checked.
#pragma once

#include <cstdint>

#include "core/formats/config.h"
#include "grok1.h"

namespace grok1 {

struct Limits {
  uint32_t context_tokens = 0;
  uint32_t max_sequences = 0;
  uint32_t max_batch_tokens = 0;
  uint32_t max_logit_rows = 0;
  uint32_t cache_type = 0;
  uint32_t page_tokens = 0;

  uint32_t pages_per_sequence() const { return (context_tokens + page_tokens - 1) / page_tokens; }
  // One page more per sequence than its tokens fill: a shared page is copied while its other owners still need it.
  uint64_t n_pages() const { return (uint64_t{pages_per_sequence()} + 1) * max_sequences; }
  bool operator==(const Limits&) const = default;
};

// Throws GROK1_E_INVALID_ARGUMENT, naming the field.
Limits resolve_limits(const grok1_model_options& options, const Config& config);
Limits resolve_limits(const grok1_session_options& options, const Limits& defaults, const Config& config);

}  // namespace grok1
