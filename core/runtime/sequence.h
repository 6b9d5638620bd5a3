// The tokens of one text and the pages that hold their keys and values. All of it is its session's to change. It is the
// opaque grok1_sequence itself, so that a session can delete what the application released.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "grok1.h"

namespace grok1 {
class Session;
using Sequence = ::grok1_sequence;
}  // namespace grok1

struct grok1_sequence {
  std::shared_ptr<grok1::Session> session;  // keeps it alive; NULL once released
  std::vector<int32_t> tokens;              // those whose keys and values are in the pages
  std::vector<uint32_t> pages;              // [ceil(tokens / page_tokens)]

  // Rows of the session's logits that belong to this sequence, as long as `logits_of` is the session's last decode.
  uint64_t logits_of = 0;
  uint32_t first_logit_row = 0;
  uint32_t n_logit_rows = 0;

  grok1_sequence* next_released = nullptr;  // in the session's list of sequences to reclaim
};
