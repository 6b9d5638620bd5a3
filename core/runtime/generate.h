// The text loop: encode, decode, sample, detokenise.
#pragma once

#include <functional>
#include <string_view>

#include "core/runtime/session.h"
#include "core/sampling/sampler.h"

namespace grok1 {

struct GenerateRequest {
  std::string_view prompt;
  Sampler* sampler;
  Sequence* sequence;  // its session is in use by the caller
  bool keep_all;       // the last token too is decoded, so that the sequence can be continued
  const Cancel* cancel;
  uint32_t max_tokens;
  uint32_t flags;                              // GROK1_GENERATE_*
  std::function<bool(std::string_view)> text;  // false ends it
};

// GROK1_OK or one of GROK1_S_*.
grok1_status generate(Session& session, const GenerateRequest& request);

// The next token after the sequence's last logits; padding, BOS and unknown are not drawn.
int32_t sample_next(const Session& session, const Sequence& sequence, Sampler& sampler);

}  // namespace grok1
