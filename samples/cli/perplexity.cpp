// grok1 perplexity: how well the model predicts a text, exp of the mean negative log-likelihood over all windows of the
// file (windows.h).
#include <CLI/CLI.hpp>
#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>

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
  std::string file;
  uint32_t window = 256;
  bool json = false;
};

double total_log_likelihood(WindowRun& run, const Windows& windows) {
  Progress progress("perplexity", Progress::Unit::kTokens);
  double sum = 0;
  for (uint64_t w = 0; w < windows.count(); ++w) {
    progress.update(w * windows.size(), windows.count() * windows.size());
    sum += run.log_likelihood(w);
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
  const grok1_model_options limits = WindowRun::limits_for(to_library(options.model), options.window);
  const Model model = load_model(runtime.get(), options.model, limits, interrupt);
  const Windows windows(model.get(), options.file, options.window);
  WindowRun run(model.get(), windows, interrupt.flag());
  const double sum = total_log_likelihood(run, windows);
  print(options, std::exp(-sum / static_cast<double>(windows.count() * options.window)), windows.count());
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
