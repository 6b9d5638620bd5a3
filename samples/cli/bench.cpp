// grok1 bench: speed of prompts and of tokens one by one, beside what the machine reaches at the same time.
#include "bench.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <memory>

#include "bench_disk.h"
#include "bench_report.h"
#include "bench_run.h"
#include "commands.h"
#include "model.h"
#include "text.h"

namespace cli {
namespace {

struct BenchOptions {
  ModelOptions model;
  std::vector<uint32_t> prompts = {512}, generated = {128}, batches = {1}, depths = {0};
  uint32_t rows_per_pass = 512;
  uint32_t repetitions = 5;
  std::string format = "md";
};

// A depth that leaves no room in the model's context is cut: --depth 8192 ends where the context of 8192 does.
uint32_t cut_depth(uint32_t depth, uint32_t tokens, uint32_t context) {
  return tokens >= context || depth <= context - tokens ? depth : context - tokens;
}

// By depth, ascending: then each depth is filled once.
std::vector<BenchTest> tests_of(const BenchOptions& options, uint32_t context) {
  std::vector<BenchTest> tests;
  for (const uint32_t depth : options.depths) {
    for (const uint32_t n : options.prompts)
      if (n != 0) tests.push_back({true, n, 1, cut_depth(depth, n, context), depth});
    for (const uint32_t n : options.generated)
      for (const uint32_t batch : options.batches)
        if (n != 0) tests.push_back({false, n, batch, cut_depth(depth, n, context), depth});
  }
  if (tests.empty()) throw Stop(kUsage, "-p 0 -n 0 leaves nothing to measure");
  std::stable_sort(tests.begin(), tests.end(), [](const auto& a, const auto& b) { return a.depth < b.depth; });
  for (const BenchTest& test : tests)
    if (test.depth != test.asked)
      std::fprintf(stderr, "grok1: %s is measured behind %u tokens: the model's context is %u\n", test.name().c_str(),
                   test.depth, context);
  return tests;
}

grok1_model_options limits_for(const BenchOptions& options, const std::vector<BenchTest>& tests) {
  grok1_model_options limits = to_library(options.model);
  limits.max_batch_tokens = options.rows_per_pass;
  for (const BenchTest& test : tests) {
    if (test.depth > UINT32_MAX - test.tokens) throw Stop(kUsage, "--depth is too large");
    limits.context_tokens = std::max(limits.context_tokens, test.depth + test.tokens);
    limits.max_sequences = std::max(limits.max_sequences, test.batch);
  }
  return limits;
}

std::string processor_of(grok1_runtime* runtime, const std::string& devices) {
  grok1_device_info device = GROK1_INIT(grok1_device_info);
  grok1_status status = GROK1_OK;
  for (size_t i = 0; (status = grok1_runtime_device(runtime, i, &device)) != GROK1_E_OUT_OF_RANGE; ++i)
    if (status == GROK1_OK && devices == device.name) return device.description;
  return devices;
}

int bench(const BenchOptions& options) {
  Interrupt interrupt;
  const std::vector<BenchTest> tests = tests_of(options, model_info(probe_model(options.model).get()).context);
  const grok1_model_options limits = limits_for(options, tests);
  const Runtime runtime = make_runtime(options.model);
  const Model model = load_model(runtime.get(), options.model, limits, interrupt);
  const grok1_model_info info = model_info(model.get());
  const DiskRate disk = measure_disk(model.get());
  if (!disk.reason.empty()) std::fprintf(stderr, "grok1: no disk rate: %s\n", disk.reason.c_str());

  const auto report = BenchReport::make(
      options.format,
      {info.name, info.encoding, info.devices, processor_of(runtime.get(), info.devices), options.model.backend_options,
       options.model.cache_type, info.file_bytes, info.parameters, options.model.threads, disk.bytes_per_second});
  BenchRunner runner(model.get(), limits.cache_type, options.rows_per_pass, interrupt);
  for (const BenchTest& test : tests) report->add(runner.run(test, options.repetitions));
  report->end();
  return kOk;
}

}  // namespace

std::string BenchTest::name() const {
  std::string name = text(is_prompt ? "pp%u" : "tg%u", tokens);
  if (batch != 1) name += text("@b%u", batch);
  if (asked != 0) name += text("@d%u", asked);
  return name;
}

void add_bench(CLI::App& app, Action& action) {
  auto* sub = app.add_subcommand("bench", "Measure speed, beside what the machine reaches at the same time");
  const auto options = std::make_shared<BenchOptions>();
  const auto add_list = [&](const char* name, std::vector<uint32_t>& list, const char* what) {
    return sub->add_option(name, list, what)->delimiter(',')->capture_default_str()->type_name("N,N,...");
  };
  add_model_option(*sub, options->model);
  add_list("-p,--n-prompt", options->prompts, "Prompts of so many tokens, given at once; 0: none");
  add_list("-n,--n-gen", options->generated, "So many tokens one by one; 0: none");
  add_list("-b,--batch", options->batches, "Sequences that get tokens one by one together")
      ->check(CLI::Range(1, 65536));
  add_list("-d,--depth,--n-depth", options->depths, "Tokens that are there before");
  sub->add_option("--rows-per-pass", options->rows_per_pass, "Rows computed in one pass; longer prompts are cut")
      ->check(CLI::Range(1, 65536))
      ->capture_default_str();
  sub->add_option("-r,--repetitions", options->repetitions, "Runs of each test, after one to warm up")
      ->check(CLI::Range(1, 10000))
      ->capture_default_str();
  sub->add_option("-o,--output", options->format, "md, csv or json")
      ->check(CLI::IsMember({"md", "csv", "json"}))
      ->capture_default_str();
  add_compute_options(*sub, options->model);
  sub->footer(
      "Tests are named pp512 (a prompt of 512 tokens), tg128@b4@d8192 (128 tokens one by one in each of 4 sequences,\n"
      "behind 8192 that they share). Speeds are medians; columns are explained in docs/benchmarks.md.\n"
      "Example: grok1 bench -m MODEL -p 512 -n 128 -b 1,4,16,32 --depth 0,8192");
  sub->callback([options, &action] { action = [options] { return bench(*options); }; });
}

}  // namespace cli
