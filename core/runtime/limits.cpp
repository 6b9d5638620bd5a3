#include "core/runtime/limits.h"

#include <bit>
#include <limits>

#include "core/base/encoding.h"
#include "core/base/failure.h"

namespace grok1 {
namespace {

constexpr uint32_t kDefaultBatchTokens = 512;
constexpr uint32_t kDefaultPageTokens = 32;
constexpr uint32_t kMostSequences = 65536;

uint32_t or_default(uint32_t value, uint32_t default_value) {
  return value != 0 ? value : default_value;
}

void check(const Limits& limits, const Config& config) {
  if (limits.context_tokens > config.context) {
    fail(GROK1_E_INVALID_ARGUMENT, "context_tokens: at most {} wanted (the model's context), found {}", config.context,
         limits.context_tokens);
  }
  if (limits.max_sequences > kMostSequences) {
    fail(GROK1_E_INVALID_ARGUMENT, "max_sequences: at most {} wanted, found {}", kMostSequences, limits.max_sequences);
  }
  if (limits.n_pages() > std::numeric_limits<uint32_t>::max()) {
    fail(GROK1_E_INVALID_ARGUMENT, "context_tokens x max_sequences: {} x {} tokens are more than a KV pool can number",
         limits.context_tokens, limits.max_sequences);
  }
  if (!is_cache_type(limits.cache_type)) {
    fail(GROK1_E_INVALID_ARGUMENT, "cache_type: GROK1_CACHE_F32, _BF16, _F16 or _I8 wanted, found {}",
         limits.cache_type);
  }
  if (!std::has_single_bit(limits.page_tokens) || limits.page_tokens < 16 || limits.page_tokens > 256) {
    fail(GROK1_E_INVALID_ARGUMENT, "page_tokens: a power of two in 16 .. 256 wanted, found {}", limits.page_tokens);
  }
}

}  // namespace

Limits resolve_limits(const grok1_model_options& options, const Config& config) {
  Limits limits;
  limits.context_tokens = or_default(options.context_tokens, config.context);
  limits.max_sequences = or_default(options.max_sequences, 1);
  limits.max_batch_tokens = or_default(options.max_batch_tokens, kDefaultBatchTokens);
  limits.max_logit_rows = or_default(options.max_logit_rows, limits.max_sequences);
  limits.cache_type = or_default(options.cache_type, GROK1_CACHE_BF16);
  limits.page_tokens = or_default(options.page_tokens, kDefaultPageTokens);
  check(limits, config);
  return limits;
}

Limits resolve_limits(const grok1_session_options& options, const Limits& defaults, const Config& config) {
  Limits limits;
  limits.context_tokens = or_default(options.context_tokens, defaults.context_tokens);
  limits.max_sequences = or_default(options.max_sequences, defaults.max_sequences);
  limits.max_batch_tokens = or_default(options.max_batch_tokens, defaults.max_batch_tokens);
  limits.max_logit_rows = or_default(options.max_logit_rows, defaults.max_logit_rows);
  limits.cache_type = or_default(options.cache_type, defaults.cache_type);
  limits.page_tokens = or_default(options.page_tokens, defaults.page_tokens);
  check(limits, config);
  return limits;
}

}  // namespace grok1
