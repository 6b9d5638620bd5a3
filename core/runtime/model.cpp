#include "core/runtime/model.h"

#include <chrono>

#include "core/runtime/measure.h"

namespace grok1 {
namespace {

void warn_of_slow_disk(Runtime& runtime, const grok1_plan& plan) {
  if (plan.residency != GROK1_RESIDENCY_FROM_DISK) return;
  runtime.log().warn(
      "{} bytes of weights exceed the {} bytes of free memory: experts are read from disk as they are used",
      plan.weight_bytes, plan.available);
}

}  // namespace

Model::Model(const std::string& path, const grok1_model_options& options) : path_(path), source_(open_model(path)) {
  load_tokenizer(options);
}

// One that is named goes before the one inside the weights' files, and that before the one beside them.
void Model::load_tokenizer(const grok1_model_options& options) {
  std::optional<VocabularyPieces> inside;
  if (options.tokenizer_path == nullptr) inside = source_->vocabulary();
  if (inside) {
    tokenizer_ = Tokenizer::make(std::move(*inside));  // of as many pieces as the model has: its reader saw to that
    return;
  }
  const std::string file = options.tokenizer_path != nullptr ? options.tokenizer_path : source_->tokenizer_path();
  if (file.empty()) return;
  tokenizer_ = Tokenizer::load(file);
  if (tokenizer_->size() > config().vocab_size) {
    fail(GROK1_E_BAD_FILE,
         "{}: at most {} pieces wanted (the model's vocabulary), found {}; this tokenizer belongs to another model",
         file, config().vocab_size, tokenizer_->size());
  }
}

std::shared_ptr<Model> Model::probe(const std::string& path, const grok1_model_options& options) {
  return std::shared_ptr<Model>(new Model(path, options));
}

std::shared_ptr<Model> Model::load(std::shared_ptr<Runtime> runtime, const std::string& path,
                                   const grok1_model_options& options, const Cancel* cancel) {
  const auto start = std::chrono::steady_clock::now();
  std::shared_ptr<Model> model(new Model(path, options));
  model->runtime_ = std::move(runtime);
  for (const std::string& warning : model->source().warnings()) model->runtime_->log().warn("{}", warning);
  const Placement placement = place_model(*model->runtime_, model->source(), options);
  require_fit(placement);
  for (const grok1_plan_device& row : placement.rows) model->runtime_->log().info("{}", describe(row));
  model->runtime_->log().info("weights are {}", placement.plan.weights == GROK1_WEIGHTS_READ
                                                    ? "read into the devices' own memory"
                                                    : "mapped, and used in place where the device can");
  warn_of_slow_disk(*model->runtime_, placement.plan);
  model->plan_devices_ = placement.rows;
  model->limits_ = placement.limits;

  const auto progress = [&](uint64_t done, uint64_t total) {
    const bool stop = options.progress != nullptr && options.progress(options.progress_user, done, total) != 0;
    if (stop || (cancel != nullptr && cancel->requested())) {
      fail(GROK1_E_CANCELLED, "the load was cancelled after {} of {} bytes", done, total);
    }
  };
  model->weights_ = std::make_unique<Weights>(
      load_weights(placement.devices, model->source(), placement.division, placement.plan.weights, progress));
  model->reserved_ = std::make_unique<SessionMemory>(*model->weights_, model->limits_);
  model->load_ns_ = static_cast<uint64_t>((std::chrono::steady_clock::now() - start).count());
  return model;
}

const Tokenizer& Model::require_tokenizer() const {
  if (tokenizer_ != nullptr) return *tokenizer_;
  fail(GROK1_E_NO_TOKENIZER,
       "{}: text wants a tokenizer, and no tokenizer.model lies beside the weights; put it there, name it in "
       "grok1_model_options.tokenizer_path, or work with token ids",
       path_);
}

grok1_rates Model::measure(size_t index, uint64_t read_bytes) const {
  require_weights();
  require_devices();
  if (index >= weights_->members.size()) {
    fail(GROK1_E_OUT_OF_RANGE, "index: a device 0 .. {} wanted, found {}", weights_->members.size() - 1, index);
  }
  return measure_rates(*weights_->members[index].device, read_bytes);
}

void Model::require_weights() const {
  if (weights_ != nullptr) return;
  fail(GROK1_E_NO_WEIGHTS, "{}: a session wants a loaded model, found one that was only probed; use grok1_model_load",
       path_);
}

std::unique_ptr<SessionMemory> Model::take_memory(const Limits& limits) {
  {
    std::lock_guard lock(mutex_);
    if (reserved_ != nullptr && reserved_->limits() == limits) return std::move(reserved_);
  }
  return std::make_unique<SessionMemory>(weights(), limits);
}

void Model::lose_device(const Failure& failure) {
  std::lock_guard lock(mutex_);
  if (!lost_) lost_ = failure;
}

void Model::require_devices() const {
  std::lock_guard lock(mutex_);
  if (lost_) throw *lost_;
}

void Model::give_back(std::unique_ptr<SessionMemory> memory) noexcept {
  std::lock_guard lock(mutex_);
  if (reserved_ == nullptr && memory->limits() == limits_) reserved_ = std::move(memory);
}

}  // namespace grok1
