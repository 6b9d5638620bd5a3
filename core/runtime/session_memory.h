// Everything of a session that lives on its model's devices, as a pass wants it, and the logits. All of it is allocated
// here and nothing later. Knows no sequence.
#pragma once

#include "core/runtime/member_memory.h"

namespace grok1 {

class SessionMemory {
 public:
  SessionMemory(const Weights& weights, const Limits& limits);

  // Of one member, the logits with the head.
  static MemoryBytes plan(const Device& device, const grok1_model_desc& model, const Division& division,
                          uint32_t member, const Limits& limits);

  const Limits& limits() const { return limits_; }
  const Pass& pass() const { return pass_; }

  // Gives the rows of the next pass to all members.
  const Pass& set(const grok1_step_data& data, uint64_t first_logit_row);
  // Of every member's KV; the numbers stay where they are until the next wait().
  void copy_page(const uint32_t& from, const uint32_t& to, const uint32_t& n_tokens);
  void wait() const;            // for all that was enqueued; throws the first failure
  void drain() const noexcept;  // the same after a failure, whose followers nobody needs

  // Logit rows [max_logit_rows, vocab] as the host sees them: valid for the first n_rows after fetch_logits.
  const float* host_logits() const { return host_logits_; }
  void fetch_logits(uint64_t n_rows);

 private:
  Limits limits_;
  uint64_t logit_row_bytes_;
  std::vector<MemberMemory> members_;
  Owned<grok1_buffer> logits_;
  Owned<grok1_buffer> staging_;  // NULL where the host can see logits_ itself
  const float* host_logits_ = nullptr;
  std::vector<std::unique_ptr<grok1_comm, void(GROK1_CALL*)(grok1_comm*)>> communicators_;
  Pass pass_;
};

}  // namespace grok1
