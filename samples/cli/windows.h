// A text file cut into windows of equal length, and how well a model predicts each. The file is tokenised once, without
// BOS. Window w has the inputs ids[w N .. w N + N - 1] and the next id of each as its target, and exists only if
// ids[w N + N] does.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "handle.h"

namespace cli {

class Windows {
 public:
  // Throws a Stop where the text has not one window of `size` tokens.
  Windows(const grok1_model* model, const std::string& path, uint32_t size);

  uint32_t size() const { return size_; }
  uint64_t count() const { return count_; }
  void keep(uint64_t most);  // the first ones
  const int32_t* ids(uint64_t window) const { return ids_.data() + window * size_; }

 private:
  std::vector<int32_t> ids_;
  uint32_t size_;
  uint64_t count_;
};

// Runs windows through a session of a model whose limits are those of limits_for().
class WindowRun {
 public:
  // Limits of a model for windows of so many tokens.
  static grok1_model_options limits_for(grok1_model_options options, uint32_t window);

  WindowRun(grok1_model* model, const Windows& windows, grok1_cancel* cancel);

  grok1_session* session() const { return session_.get(); }
  void decode(uint64_t window);
  // Of the window decoded last: log p of every token behind its row i; valid until the next call.
  const std::vector<float>& log_probabilities(uint32_t i);
  double log_likelihood(uint64_t window);  // decodes it; sum over its rows of log p(next id)

 private:
  const Windows& windows_;
  Session session_;
  Sequence sequence_;
  grok1_cancel* cancel_;
  std::vector<float> row_;  // [vocab_size]
};

}  // namespace cli
