// grok1 perplexity: how well the model predicts a text. The file is tokenised once, without BOS. Window w has the
// inputs ids[w N .. w N + N - 1] and the next id of each as its target, and exists only if ids[w N + N] does; the
// result is exp of the mean negative log-likelihood over all windows. Beside another model, --base, the same windows
// say how far the predictions of both lie apart: the Kullback-Leibler divergence from the base's.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "commands.h"
#include "files.h"
#include "model.h"
#include "progress.h"
#include "text.h"

namespace cli {
namespace {

struct PerplexityOptions {
  ModelOptions model;
  std::string file, base;
  uint32_t window = 256;
  bool json = false;
};

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

// A model and the sequence that its windows go through.
class Predictor {
 public:
  Predictor(grok1_model* model, grok1_cancel* cancel)
      : cancel_(cancel),
        session_(make<Session>([&](auto** out, auto* err) { return grok1_session_create(model, nullptr, out, err); })),
        sequence_(
            make<Sequence>([&](auto** out, auto* err) { return grok1_sequence_create(session_.get(), out, err); })),
        row_(model_info(model).vocab_size) {}

  void decode(const int32_t* ids, uint32_t window) {
    checked([&](auto* err) { return grok1_sequence_truncate(sequence_.get(), 0, err); });
    grok1_sequence* sequence = sequence_.get();
    const uint8_t want = GROK1_LOGITS_ALL;
    grok1_batch batch = GROK1_INIT(grok1_batch);
    batch.count = 1;
    batch.sequences = &sequence;
    batch.n_tokens = &window;
    batch.tokens = ids;
    batch.want_logits = &want;
    batch.cancel = cancel_;
    checked([&](auto* err) { return grok1_decode(session_.get(), &batch, err); });
  }

  // log p of every token behind row i of the window; valid until the next call.
  const std::vector<float>& log_probabilities(uint32_t i) {
    checked(
        [&](auto* err) { return grok1_sequence_log_probabilities(sequence_.get(), i, row_.data(), row_.size(), err); });
    return row_;
  }

 private:
  grok1_cancel* cancel_;
  Session session_;
  Sequence sequence_;
  std::vector<float> row_;
};

struct Sums {
  double log_likelihood = 0;  // of the next ids
  double divergence = 0;      // sum over rows of sum p_base (log p_base - log p)
  double most_divergence = 0;
  uint64_t same_best = 0;  // rows whose most likely token is the base's

  void compare(const std::vector<float>& base, const std::vector<float>& row) {
    double sum = 0;
    for (size_t t = 0; t < row.size(); ++t) sum += std::exp(double{base[t]}) * (double{base[t]} - double{row[t]});
    divergence += sum;
    most_divergence = std::max(most_divergence, sum);
    same_best += std::max_element(base.begin(), base.end()) - base.begin() ==
                 std::max_element(row.begin(), row.end()) - row.begin();
  }
};

Sums sums_over_text(grok1_model* model, grok1_model* base_model, const std::vector<int32_t>& ids, uint32_t window,
                    uint64_t windows, grok1_cancel* cancel) {
  Predictor predictor(model, cancel);
  std::optional<Predictor> base;
  if (base_model != nullptr) base.emplace(base_model, cancel);
  Progress progress("perplexity", Progress::Unit::kTokens);
  Sums sums;
  for (uint64_t w = 0; w < windows; ++w) {
    progress.update(w * window, windows * window);
    const int32_t* first = ids.data() + w * window;
    predictor.decode(first, window);
    if (base) base->decode(first, window);
    for (uint32_t i = 0; i < window; ++i) {
      const std::vector<float>& row = predictor.log_probabilities(i);
      sums.log_likelihood += row[static_cast<size_t>(first[i + 1])];
      if (base) sums.compare(base->log_probabilities(i), row);
    }
  }
  return sums;
}

void print(const PerplexityOptions& options, const Sums& sums, uint64_t windows) {
  const auto tokens = static_cast<double>(windows * options.window);
  const double perplexity = std::exp(-sums.log_likelihood / tokens), divergence = sums.divergence / tokens;
  const double same = static_cast<double>(sums.same_best) / tokens;
  if (options.json) {
    nlohmann::ordered_json out = {
        {"perplexity", perplexity}, {"tokens", windows * options.window}, {"windows", windows}};
    if (!options.base.empty()) {
      out["kl_divergence"] = divergence;
      out["most_kl_divergence"] = sums.most_divergence;
      out["same_most_likely"] = same;
    }
    write_stdout(out.dump() + "\n");
    return;
  }
  write_stdout(text("perplexity %.4f   %llu windows of %u tokens\n", perplexity,
                    static_cast<unsigned long long>(windows), options.window));
  if (!options.base.empty())
    write_stdout(text("KL divergence from %s: mean %.6g, largest %.6g; the same most likely token in %.2f %%\n",
                      options.base.c_str(), divergence, sums.most_divergence, 100 * same));
}

int perplexity(const PerplexityOptions& options) {
  Interrupt interrupt;
  const Runtime runtime = make_runtime(options.model);
  grok1_model_options limits = to_library(options.model);
  limits.context_tokens = options.window;
  limits.max_logit_rows = options.window;
  const Model model = load_model(runtime.get(), options.model, limits, interrupt);
  const std::vector<int32_t> ids = tokenize_file(model.get(), options.file);
  const uint64_t windows = ids.empty() ? 0 : (ids.size() - 1) / options.window;
  if (windows == 0)
    throw Stop(kBadFile, text("%s: %zu tokens; a window of %u needs %u, -c sets a shorter one", options.file.c_str(),
                              ids.size(), options.window, options.window + 1));

  Model base;
  if (!options.base.empty()) {
    ModelOptions same = options.model;
    same.path = options.base;
    base = load_model(runtime.get(), same, limits, interrupt);
    if (model_info(base.get()).vocab_size != model_info(model.get()).vocab_size)
      throw Stop(kBadFile, text("--base %s: a vocabulary of %u tokens wanted, found %u", options.base.c_str(),
                                model_info(model.get()).vocab_size, model_info(base.get()).vocab_size));
  }
  print(options, sums_over_text(model.get(), base.get(), ids, options.window, windows, interrupt.flag()), windows);
  return kOk;
}

}  // namespace

void add_perplexity(CLI::App& app, Action& action) {
  auto* sub = app.add_subcommand("perplexity", "Measure how well the model predicts a text");
  const auto options = std::make_shared<PerplexityOptions>();
  add_model_option(*sub, options->model);
  sub->add_option("-f,--file", options->file, "Text; '-' is stdin")->required();
  sub->add_option("--base", options->base, "A model to compare with: prints the KL divergence from its predictions");
  sub->add_option("-c,--window", options->window, "Tokens in a window")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  add_compute_options(*sub, options->model);
  sub->add_flag("--json", options->json, "Print JSON");
  sub->callback([options, &action] { action = [options] { return perplexity(*options); }; });
}

}  // namespace cli
