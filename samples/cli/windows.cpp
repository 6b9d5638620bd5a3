// Tokenising, and one decode with all rows of logits for each window.
#include "windows.h"

#include <algorithm>

#include "files.h"
#include "model.h"
#include "text.h"

namespace cli {
namespace {

std::vector<int32_t> tokenize_file(const grok1_model* model, const std::string& path) {
  const auto tokenizer = make<Tokenizer>([&](auto** out, auto* err) { return grok1_model_tokenizer(model, out, err); });
  const std::string bytes = read_file(path);
  size_t count = 0;
  grok1_error err = GROK1_INIT(grok1_error);
  const grok1_status status =
      grok1_tokenizer_encode(tokenizer.get(), bytes.data(), bytes.size(), nullptr, 0, &count, &err);
  if (status != GROK1_E_BUFFER_TOO_SMALL) check(status, err);
  std::vector<int32_t> ids(count);
  checked([&](auto* e) {
    return grok1_tokenizer_encode(tokenizer.get(), bytes.data(), bytes.size(), ids.data(), ids.size(), &count, e);
  });
  return ids;
}

}  // namespace

Windows::Windows(const grok1_model* model, const std::string& path, uint32_t size)
    : ids_(tokenize_file(model, path)), size_(size), count_(ids_.empty() ? 0 : (ids_.size() - 1) / size) {
  if (count_ == 0)
    throw Stop(kBadFile,
               text("%s: %zu tokens; %u at a time need %u, -c sets fewer", path.c_str(), ids_.size(), size, size + 1));
}

void Windows::keep(uint64_t most) {
  count_ = std::min(count_, most);
}

grok1_model_options WindowRun::limits_for(grok1_model_options options, uint32_t window) {
  options.context_tokens = window;
  options.max_logit_rows = window;
  return options;
}

WindowRun::WindowRun(grok1_model* model, const Windows& windows, grok1_cancel* cancel)
    : windows_(windows),
      session_(make<Session>([&](auto** out, auto* err) { return grok1_session_create(model, nullptr, out, err); })),
      sequence_(make<Sequence>([&](auto** out, auto* err) { return grok1_sequence_create(session_.get(), out, err); })),
      cancel_(cancel),
      row_(model_info(model).vocab_size) {}

void WindowRun::decode(uint64_t window) {
  checked([&](auto* err) { return grok1_sequence_truncate(sequence_.get(), 0, err); });
  const uint8_t want = GROK1_LOGITS_ALL;
  const uint32_t size = windows_.size();
  grok1_sequence* sequence = sequence_.get();
  grok1_batch batch = GROK1_INIT(grok1_batch);
  batch.count = 1;
  batch.sequences = &sequence;
  batch.n_tokens = &size;
  batch.tokens = windows_.ids(window);
  batch.want_logits = &want;
  batch.cancel = cancel_;
  checked([&](auto* err) { return grok1_decode(session_.get(), &batch, err); });
}

const std::vector<float>& WindowRun::log_probabilities(uint32_t i) {
  checked(
      [&](auto* err) { return grok1_sequence_log_probabilities(sequence_.get(), i, row_.data(), row_.size(), err); });
  return row_;
}

double WindowRun::log_likelihood(uint64_t window) {
  decode(window);
  double sum = 0;
  for (uint32_t i = 0; i < windows_.size(); ++i)
    sum += log_probabilities(i)[static_cast<size_t>(windows_.ids(window)[i + 1])];
  return sum;
}

}  // namespace cli
