// grok1 perplexity: how well the model predicts a text: exp of the mean negative log-likelihood over all windows.
// Beside another model, --base, the same windows say how far the predictions of both lie apart: the Kullback-Leibler
// divergence from the base's.
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
#include "windows.h"

namespace cli {
namespace {

struct PerplexityOptions {
  ModelOptions model;
  std::string file, base;
  uint32_t window = 256;
  bool json = false;
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

Sums sums_over_text(WindowRun& run, WindowRun* base, const Windows& windows) {
  Progress progress("perplexity", Progress::Unit::kTokens);
  Sums sums;
  for (uint64_t w = 0; w < windows.count(); ++w) {
    progress.update(w * windows.size(), windows.count() * windows.size());
    run.decode(w);
    if (base != nullptr) base->decode(w);
    for (uint32_t i = 0; i < windows.size(); ++i) {
      const std::vector<float>& row = run.log_probabilities(i);
      sums.log_likelihood += row[static_cast<size_t>(windows.ids(w)[i + 1])];
      if (base != nullptr) sums.compare(base->log_probabilities(i), row);
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

Model load_base(const grok1_model* model, grok1_runtime* runtime, const PerplexityOptions& options,
                const grok1_model_options& limits, Interrupt& interrupt) {
  ModelOptions same = options.model;
  same.path = options.base;
  Model base = load_model(runtime, same, limits, interrupt);
  const uint32_t wanted = model_info(model).vocab_size, found = model_info(base.get()).vocab_size;
  if (found != wanted)
    throw Stop(kBadFile,
               text("--base %s: a vocabulary of %u tokens wanted, found %u", options.base.c_str(), wanted, found));
  return base;
}

int perplexity(const PerplexityOptions& options) {
  Interrupt interrupt;
  const Runtime runtime = make_runtime(options.model);
  const grok1_model_options limits = WindowRun::limits_for(to_library(options.model), options.window);
  const Model model = load_model(runtime.get(), options.model, limits, interrupt);
  const Windows windows(model.get(), options.file, options.window);
  WindowRun run(model.get(), windows, interrupt.flag());
  Model base;
  std::optional<WindowRun> base_run;
  if (!options.base.empty()) {
    base = load_base(model.get(), runtime.get(), options, limits, interrupt);
    base_run.emplace(base.get(), windows, interrupt.flag());
  }
  print(options, sums_over_text(run, base_run ? &*base_run : nullptr, windows), windows.count());
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
