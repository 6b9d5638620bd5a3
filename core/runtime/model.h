// A model: its file, its tokenizer and, unless it was only probed, its weights on their devices and the memory of the
// first session. Immutable but for that memory; shared by all sessions and threads.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "core/formats/tensor_source.h"
#include "core/model/weights.h"
#include "core/runtime/placement.h"
#include "core/runtime/session_memory.h"
#include "core/tokenizer/tokenizer.h"

namespace grok1 {

class Model {
 public:
  static std::shared_ptr<Model> probe(const std::string& path, const grok1_model_options& options);
  static std::shared_ptr<Model> load(std::shared_ptr<Runtime> runtime, const std::string& path,
                                     const grok1_model_options& options, const Cancel* cancel);

  const TensorSource& source() const { return *source_; }
  const Config& config() const { return source_->config(); }
  const std::shared_ptr<const Tokenizer>& tokenizer() const { return tokenizer_; }  // may be NULL
  const Tokenizer& require_tokenizer() const;                                       // throws GROK1_E_NO_TOKENIZER
  Runtime* runtime() const { return runtime_.get(); }                               // NULL for a probed model
  uint64_t load_ns() const { return load_ns_; }

  // Of a loaded model only.
  void require_weights() const;  // throws GROK1_E_NO_WEIGHTS
  const Weights& weights() const { return *weights_; }
  const std::vector<grok1_plan_device>& plan_devices() const { return plan_devices_; }  // empty for a probed model
  const Limits& limits() const { return limits_; }
  // What a device reaches, 0 where its backend cannot say; as grok1_model_measure.
  grok1_rates measure(size_t index, uint64_t read_bytes) const;

  // Memory for a session: the reserved one if it is of these limits and not in use, otherwise new.
  std::unique_ptr<SessionMemory> take_memory(const Limits& limits);
  void give_back(std::unique_ptr<SessionMemory> memory) noexcept;

  // A lost device is final for all sessions of the model: from then on require_devices throws what told of it.
  void lose_device(const Failure& failure);
  void require_devices() const;

 private:
  Model(const std::string& path, const grok1_model_options& options);
  void load_tokenizer(const grok1_model_options& options);

  std::string path_;
  std::shared_ptr<Runtime> runtime_;
  std::unique_ptr<TensorSource> source_;
  std::shared_ptr<const Tokenizer> tokenizer_;
  std::unique_ptr<Weights> weights_;  // after source_: destroyed before it
  std::vector<grok1_plan_device> plan_devices_;
  Limits limits_;
  uint64_t load_ns_ = 0;
  mutable std::mutex mutex_;
  std::optional<Failure> lost_;
  std::unique_ptr<SessionMemory> reserved_;  // NULL while a session has it
};

}  // namespace grok1
