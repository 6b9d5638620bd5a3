// grok1 perplexity: how well the model predicts a text. The file is tokenised once, without BOS. Window w has the
// inputs ids[w N .. w N + N - 1] and the next id of each as its target, and exists only if ids[w N + N] does; the
// result is exp of the mean negative log-likelihood over all windows.
#include <CLI/CLI.hpp>
#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>
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
  std::string file;
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

// Sum over the window of log p(next id), ids holding window + 1 numbers.
double log_likelihood(grok1_session* session, grok1_sequence* sequence, const int32_t* ids, uint32_t window,
                      std::vector<float>& row, grok1_cancel* cancel) {
  checked([&](auto* err) { return grok1_sequence_truncate(sequence, 0, err); });
  const uint8_t want = GROK1_LOGITS_ALL;
  grok1_batch batch = GROK1_INIT(grok1_batch);
  batch.count = 1;
  batch.sequences = &sequence;
  batch.n_tokens = &window;
  batch.tokens = ids;
  batch.want_logits = &want;
  batch.cancel = cancel;
  checked([&](auto* err) { return grok1_decode(session, &batch, err); });
  double sum = 0;
  for (uint32_t i = 0; i < window; ++i) {
    checked([&](auto* err) { return grok1_sequence_log_probabilities(sequence, i, row.data(), row.size(), err); });
    sum += row[static_cast<size_t>(ids[i + 1])];
  }
  return sum;
}

double total_log_likelihood(grok1_model* model, const std::vector<int32_t>& ids, uint32_t window, uint64_t windows,
                            grok1_cancel* cancel) {
  const auto session =
      make<Session>([&](auto** out, auto* err) { return grok1_session_create(model, nullptr, out, err); });
  const auto sequence =
      make<Sequence>([&](auto** out, auto* err) { return grok1_sequence_create(session.get(), out, err); });
  std::vector<float> row(model_info(model).vocab_size);
  Progress progress("perplexity", Progress::Unit::kTokens);
  double sum = 0;
  for (uint64_t w = 0; w < windows; ++w) {
    progress.update(w * window, windows * window);
    sum += log_likelihood(session.get(), sequence.get(), ids.data() + w * window, window, row, cancel);
  }
  return sum;
}

void print(const PerplexityOptions& options, double perplexity, uint64_t windows) {
  const uint64_t tokens = windows * options.window;
  if (options.json) {
    const nlohmann::ordered_json out = {{"perplexity", perplexity}, {"tokens", tokens}, {"windows", windows}};
    write_stdout(out.dump() + "\n");
  } else {
    write_stdout(text("perplexity %.4f   %llu windows of %u tokens\n", perplexity,
                      static_cast<unsigned long long>(windows), options.window));
  }
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

  const double sum = total_log_likelihood(model.get(), ids, options.window, windows, interrupt.flag());
  print(options, std::exp(-sum / static_cast<double>(windows * options.window)), windows);
  return kOk;
}

}  // namespace

void add_perplexity(CLI::App& app, Action& action) {
  auto* sub = app.add_subcommand("perplexity", "Measure how well the model predicts a text");
  const auto options = std::make_shared<PerplexityOptions>();
  add_model_option(*sub, options->model);
  sub->add_option("-f,--file", options->file, "Text; '-' is stdin")->required();
  sub->add_option("-c,--window", options->window, "Tokens in a window")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  add_compute_options(*sub, options->model);
  sub->add_flag("--json", options->json, "Print JSON");
  sub->callback([options, &action] { action = [options] { return perplexity(*options); }; });
}

}  // namespace cli
