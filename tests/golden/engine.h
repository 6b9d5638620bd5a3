// The library as the golden and ABI tests use it: grok1.h's handles in owning pointers, and one model with one session.
// It includes nothing of ours but the public header. What is computed and compared is the tests' affair.
#pragma once

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "grok1.h"

namespace golden {

template <auto kRelease>
struct Release {
  template <class T>
  void operator()(T* handle) const {
    kRelease(handle);
  }
};
using Runtime = std::unique_ptr<grok1_runtime, Release<grok1_runtime_release>>;
using Cancel = std::unique_ptr<grok1_cancel, Release<grok1_cancel_release>>;
using Model = std::unique_ptr<grok1_model, Release<grok1_model_release>>;
using Tokenizer = std::unique_ptr<grok1_tokenizer, Release<grok1_tokenizer_release>>;
using Detokenizer = std::unique_ptr<grok1_detokenizer, Release<grok1_detokenizer_release>>;
using Session = std::unique_ptr<grok1_session, Release<grok1_session_release>>;
using Sequence = std::unique_ptr<grok1_sequence, Release<grok1_sequence_release>>;
using Sampler = std::unique_ptr<grok1_sampler, Release<grok1_sampler_release>>;
using Imatrix = std::unique_ptr<grok1_imatrix, Release<grok1_imatrix_release>>;

// An unexpected status, thrown with the library's own message.
void check(grok1_status status, const grok1_error& err);

// make<Model>([&](grok1_model** out, grok1_error* err) { return grok1_model_load(..., out, err); })
template <class Handle, class Create>
Handle make(Create&& create) {
  typename Handle::pointer made = nullptr;
  grok1_error err = GROK1_INIT(grok1_error);
  check(create(&made, &err), err);
  return Handle(made);
}

struct Settings {
  std::string device = "cpu";
  std::string backend_options = "";
  uint32_t cache_type = GROK1_CACHE_DEFAULT;
  uint32_t threads = 0;
  uint32_t max_sequences = 4;
  uint32_t max_batch_tokens = 0;
  uint32_t page_tokens = 0;
  std::string tensor_split = "";
  int32_t gpu_layers = 0;
  int32_t cpu_experts_layers = 0;
  uint32_t split = GROK1_SPLIT_DEFAULT;
  uint32_t weights = GROK1_WEIGHTS_DEFAULT;
};

// What trace_x1 showed of one sequence, rows of later passes appended.
struct Trace {
  std::vector<std::vector<float>> hidden;     // [layers + 1][tokens * d_model]
  std::vector<std::vector<int32_t>> experts;  // [layers][tokens * experts_used]
  std::vector<std::vector<float>> gates;      // [layers][tokens * experts_used]
};

struct Chunk {
  grok1_sequence* sequence;
  std::vector<int32_t> tokens;
};

class Engine {
 public:
  Engine(const std::string& path, const Settings& settings);

  const grok1_model_info& info() const { return info_; }
  grok1_model* model() const { return model_.get(); }
  grok1_session* session() const { return session_.get(); }

  Sequence sequence() const;
  Sequence fork(grok1_sequence* sequence) const;
  // One decode with all rows of logits; the result is [chunk][n_tokens * vocab_size].
  std::vector<std::vector<float>> decode(const std::vector<Chunk>& chunks) const;
  // A sequence's tokens in pieces of the given sizes, the last of which repeats; all rows of logits.
  std::vector<float> decode_in_pieces(grok1_sequence* sequence, const std::vector<int32_t>& tokens,
                                      const std::vector<size_t>& sizes) const;
  void start_trace(Trace* trace);

 private:
  Model model_;
  Session session_;
  grok1_model_info info_ = GROK1_INIT(grok1_model_info);
  struct TraceTarget {
    Trace* trace;
    uint32_t d_model, experts_used;
  } trace_target_{};
  static void record(void* user, uint32_t what, int32_t layer, const void* data, size_t rows);
};

}  // namespace golden
