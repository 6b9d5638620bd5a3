// What a pass works on: of each member its device, weights and working memory. All of it belongs to a session
// (core/runtime/session_memory.h), which makes it once and fills in the rows of each pass.
#pragma once

#include <cstddef>
#include <vector>

#include "core/model/weights.h"

namespace grok1 {

// Memory that the host and the device both see: where rows wait between members.
struct HostBuffer {
  grok1_buffer* buffer = nullptr;
  std::byte* address = nullptr;
};

struct Member {
  const Device* device = nullptr;
  const MemberWeights* weights = nullptr;
  bool asynchronous = false;  // calls return before the work is done
  grok1_queue* queue = nullptr;
  grok1_step* step = nullptr;    // the rows: tokens, positions, page tables
  grok1_kv* kv = nullptr;        // NULL where no attention is
  grok1_buffer* h = nullptr;     // float [rows, d_model]: the residual stream
  grok1_buffer* y = nullptr;     // float [rows, d_model]: what attention or experts add to it
  grok1_act* x = nullptr;        // rows normed for what follows
  grok1_route* route = nullptr;  // chosen experts and gates

  // Where the model has several members; otherwise NULL.
  grok1_event* event = nullptr;  // the last rows that left have arrived in host memory
  HostBuffer rows_out;           // float [rows, d_model]: h, x or y on its way out
  HostBuffer rows_in;            // float [guests, rows, d_model], at least one: on its way in
  HostBuffer experts, gates;     // int32 and float [rows, experts_used], out or in
};

// Sums among the members of a group.
struct Communicator {
  const grok1_comm_ops* ops = nullptr;
  grok1_comm* handle = nullptr;
};

struct Pass {
  const Weights* weights = nullptr;
  std::vector<Member> members;
  std::vector<Communicator> communicators;  // [homes] of the division; NULL for a home of one member
  uint32_t n_rows = 0;
  grok1_buffer* logits = nullptr;  // float [logit rows, vocab], of the member that has the head
  uint64_t logits_offset = 0;
  bool wants_logits = false;

  const Division& division() const { return weights->division; }
  uint64_t rows_bytes() const { return uint64_t{n_rows} * weights->desc.d_model * sizeof(float); }
  uint64_t choices_bytes() const { return uint64_t{n_rows} * weights->desc.experts_used * sizeof(float); }
};

}  // namespace grok1
