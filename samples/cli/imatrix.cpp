// grok1 imatrix: how much each input of each matrix matters over a text, for quantisers to spare. The text is run in
// chunks, each from an empty context, and their perplexity so far is printed as they come: "[1]45.1,[2]44.7,". The file
// is written every few chunks, always whole, so that a long run may be ended at any time.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cmath>
#include <memory>
#include <optional>

#include "commands.h"
#include "files.h"
#include "model.h"
#include "progress.h"
#include "text.h"
#include "windows.h"

namespace cli {
namespace {

constexpr uint64_t kChunksBetweenWrites = 10;

struct ImatrixOptions {
  ModelOptions model;
  std::string file, out;
  uint32_t chunk = 512;
  uint64_t chunks = 0;  // 0: all of the text
};

void write(grok1_imatrix* imatrix, const ImatrixOptions& options) {
  grok1_imatrix_options of = GROK1_INIT(grok1_imatrix_options);
  if (options.file != "-") of.dataset = options.file.c_str();
  of.chunk_tokens = options.chunk;
  checked([&](auto* err) { return grok1_imatrix_write(imatrix, options.out.data(), options.out.size(), &of, err); });
}

// On a terminal the numbers themselves are the progress.
class Report {
 public:
  explicit Report(const Windows& windows) : windows_(windows) {
    if (isatty(STDOUT_FILENO) == 0) progress_.emplace("imatrix", Progress::Unit::kTokens);
  }

  void begin(uint64_t chunk) {
    if (progress_) progress_->update(chunk * windows_.size(), windows_.count() * windows_.size());
  }
  void end(uint64_t chunk, double log_likelihood) {
    sum_ += log_likelihood;
    const double perplexity = std::exp(-sum_ / (static_cast<double>(chunk + 1) * windows_.size()));
    write_stdout(text("[%llu]%.4f,", static_cast<unsigned long long>(chunk + 1), perplexity));
    flush_stdout();
  }

 private:
  const Windows& windows_;
  std::optional<Progress> progress_;
  double sum_ = 0;
};

void collect(WindowRun& run, const Windows& windows, const ImatrixOptions& options) {
  const auto imatrix =
      make<Imatrix>([&](auto** out, auto* err) { return grok1_imatrix_create(run.session(), out, err); });
  Report report(windows);
  for (uint64_t chunk = 0; chunk < windows.count(); ++chunk) {
    report.begin(chunk);
    report.end(chunk, run.log_likelihood(chunk));
    if ((chunk + 1) % kChunksBetweenWrites == 0) write(imatrix.get(), options);
  }
  write(imatrix.get(), options);
}

int imatrix(const ImatrixOptions& options) {
  { const OutputFile writable(options.out); }  // said now, not after hours
  Interrupt interrupt;
  const Runtime runtime = make_runtime(options.model);
  const grok1_model_options limits = WindowRun::limits_for(to_library(options.model), options.chunk);
  const Model model = load_model(runtime.get(), options.model, limits, interrupt);
  Windows windows(model.get(), options.file, options.chunk);
  if (options.chunks != 0) windows.keep(options.chunks);
  WindowRun run(model.get(), windows, interrupt.flag());
  collect(run, windows, options);
  write_stdout(text("\n%s: %llu chunks of %u tokens\n", options.out.c_str(),
                    static_cast<unsigned long long>(windows.count()), options.chunk));
  return kOk;
}

}  // namespace

void add_imatrix(CLI::App& app, Action& action) {
  auto* sub = app.add_subcommand("imatrix", "Find out which inputs of the matrices matter, for quantising");
  const auto options = std::make_shared<ImatrixOptions>();
  add_model_option(*sub, options->model);
  sub->add_option("-f,--file", options->file, "Text; '-' is stdin")->required();
  sub->add_option("-o,--output", options->out, "File to write, GGUF as llama.cpp's imatrix tool writes it")->required();
  sub->add_option("-c,--chunk", options->chunk, "Tokens that are run at a time, each from an empty context")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  sub->add_option("--chunks", options->chunks, "The first so many chunks; default: all of the text")
      ->check(CLI::PositiveNumber);
  add_compute_options(*sub, options->model);
  sub->callback([options, &action] { action = [options] { return imatrix(*options); }; });
}

}  // namespace cli
