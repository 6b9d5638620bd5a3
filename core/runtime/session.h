// A session: sequences on a KV pool, and decode. One call at a time: every public function but `abandon` wants a Use.
// Passes and their order are in batch.h, the model in core/model/forward.cpp, the text loop in generate.h.
#pragma once

#include <atomic>
#include <memory>
#include <span>
#include <vector>

#include "core/model/forward.h"
#include "core/runtime/batch.h"
#include "core/runtime/input_sums.h"
#include "core/runtime/model.h"
#include "core/runtime/pages.h"
#include "core/runtime/sequence.h"

namespace grok1 {

// What a caller asks of one decode; arrays as in grok1_batch.
struct DecodeRequest {
  std::span<Sequence* const> sequences;
  const uint32_t* n_tokens;
  const int32_t* tokens;
  const uint8_t* want_logits;  // NULL: the last row of each
  uint32_t* n_done;            // NULL: not wanted
  const Cancel* cancel;        // NULL: not cancellable
};

class Session : public std::enable_shared_from_this<Session> {
 public:
  static std::shared_ptr<Session> create(std::shared_ptr<Model> model, const grok1_session_options& options);
  ~Session();

  // Holds the session for one call; reclaims what was released since the last.
  class Use {
   public:
    explicit Use(Session& session);  // throws GROK1_E_BUSY, GROK1_E_FORKED
    ~Use() { session_.busy_.store(false, std::memory_order_release); }
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;

   private:
    Session& session_;
  };

  const Model& model() const { return *model_; }
  const Limits& limits() const { return limits_; }

  void open(Sequence& sequence);  // makes an empty one part of the session
  void fork(const Sequence& from, Sequence& to);
  void truncate(Sequence& sequence, size_t n_tokens);
  // Any thread, without Use: from now on the sequence is the session's to delete.
  void abandon(Sequence* sequence) noexcept;

  void decode(const DecodeRequest& request);
  // [vocab]; throws GROK1_E_OUT_OF_RANGE
  std::span<const float> logits(const Sequence& sequence, size_t row) const;
  std::span<const float> last_logits(const Sequence& sequence) const;

  void set_trace(grok1_trace_fn_x1 trace, void* user);
  void set_profile(uint64_t* spent) { profile_ = spent; }  // [GROK1_PROFILE_COUNT_X1] or NULL
  // Sums that every later decode adds to, until they are abandoned. Throws GROK1_E_UNSUPPORTED as attach() does, and
  // GROK1_E_INVALID_ARGUMENT where the session has some.
  std::shared_ptr<InputSums> sum_inputs();
  grok1_stats stats() const;

 private:
  class Observer;
  Session(std::shared_ptr<Model> model, const Limits& limits);
  void reclaim() noexcept;
  void drop_input_sums() noexcept;
  void accept(const DecodeRequest& request);
  void check_tokens(const Chunk& chunk, size_t index) const;
  void run_passes(const Cancel* cancel);
  void run_pass(uint64_t first_logit_row, const Cancel* cancel);
  void hand_out_logits();

  std::shared_ptr<Model> model_;
  Limits limits_;
  std::unique_ptr<SessionMemory> memory_;
  PagePool pool_;
  PassRows rows_;
  std::vector<Chunk> chunks_;
  uint64_t n_decodes_ = 0;
  std::atomic<bool> busy_{false};
  std::atomic<Sequence*> released_{nullptr};
  int64_t process_;  // that made it

  grok1_trace_fn_x1 trace_ = nullptr;
  void* trace_user_ = nullptr;
  struct TraceBuffers {
    Owned<grok1_buffer> rows, experts, gates;  // host memory
  };
  std::vector<TraceBuffers> trace_buffers_;  // [members]; empty before the first trace
  uint64_t* profile_ = nullptr;
  std::shared_ptr<InputSums> input_sums_;  // NULL: not wanted
  grok1_stats stats_;
};

}  // namespace grok1
