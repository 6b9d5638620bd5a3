// grok1 run: text after a prompt, streamed to stdout as whole characters.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <memory>
#include <nlohmann/json.hpp>

#include "commands.h"
#include "files.h"
#include "model.h"
#include "text.h"

namespace cli {
namespace {

struct RunOptions {
  ModelOptions model;
  std::string prompt;
  uint32_t n_tokens = 128;
  float temperature = 0.8f;
  uint32_t top_k = 40;
  float top_p = 0.95f;
  float min_p = 0.05f;
  float repeat_penalty = 1.0f;
  uint64_t seed = 0;
  bool json = false;
};

struct Figures {
  std::string devices;
  size_t prompt_tokens = 0;
  size_t generated_tokens = 0;
  grok1_stats stats = GROK1_INIT(grok1_stats);
};

// Exceptions cannot pass through the library: they wait in `failure`.
int32_t print_text(void* failure, const char* text, size_t size) {
  try {
    write_stdout({text, size});
    flush_stdout();
    return 0;
  } catch (...) {
    *static_cast<std::exception_ptr*>(failure) = std::current_exception();
    return 1;
  }
}

std::string read_prompt(const std::string& prompt) {
  if (prompt != "-") return prompt;
  std::string text = read_file("-");
  if (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

Sampler make_sampler(const RunOptions& options) {
  grok1_sampler_options sampler = GROK1_INIT(grok1_sampler_options);
  sampler.temperature = options.temperature;
  sampler.top_k = options.top_k;
  sampler.top_p = options.top_p;
  sampler.min_p = options.min_p;
  sampler.repetition_penalty = options.repeat_penalty;
  sampler.seed = options.seed;
  return make<Sampler>([&](auto** out, auto* err) { return grok1_sampler_create(&sampler, out, err); });
}

double per_second(uint64_t count, uint64_t ns) {
  return ns == 0 ? 0 : 1e9 * static_cast<double>(count) / static_cast<double>(ns);
}

std::string rate(uint64_t count, uint64_t ns) {
  return count == 0 || ns == 0 ? "" : text(" %.1f/s", per_second(count, ns));
}

void print_figures(const Figures& figures, bool json) {
  const grok1_stats& stats = figures.stats;
  const double load_seconds = 1e-9 * static_cast<double>(stats.load_ns);
  if (json) {
    const nlohmann::ordered_json out = {
        {"prompt_tokens", figures.prompt_tokens},
        {"prompt_tokens_per_second", per_second(stats.prompt_tokens, stats.prompt_ns)},
        {"generated_tokens", figures.generated_tokens},
        {"generated_tokens_per_second", per_second(stats.generated_tokens, stats.generated_ns)},
        {"load_seconds", load_seconds},
        {"devices", figures.devices}};
    std::fprintf(stderr, "%s\n", out.dump().c_str());
    return;
  }
  std::fprintf(stderr, "prompt %zu tokens%s   generated %zu tokens%s   load %.1f s   on %s\n", figures.prompt_tokens,
               rate(stats.prompt_tokens, stats.prompt_ns).c_str(), figures.generated_tokens,
               rate(stats.generated_tokens, stats.generated_ns).c_str(), load_seconds, figures.devices.c_str());
}

// Tokens after the prompt: all that were asked for, or, when it ended earlier, those that were decoded.
size_t count_generated(const RunOptions& options, const Figures& figures, grok1_status status) {
  if (status == GROK1_OK) return options.n_tokens;
  const size_t of_prompt = figures.prompt_tokens == 1 ? 1 : 0;  // a chunk of one token counts as generated
  return figures.stats.generated_tokens - of_prompt;
}

Figures measure(const grok1_model* model, const grok1_session* session, const std::string& prompt,
                const RunOptions& options, grok1_status status) {
  Figures figures;
  figures.devices = model_info(model).devices;
  const auto tokenizer = make<Tokenizer>([&](auto** out, auto* err) { return grok1_model_tokenizer(model, out, err); });
  grok1_tokenizer_encode(tokenizer.get(), prompt.data(), prompt.size(), nullptr, 0, &figures.prompt_tokens, nullptr);
  checked([&](auto* err) { return grok1_session_stats(session, &figures.stats, err); });
  if (figures.stats.passes > 0) figures.generated_tokens = count_generated(options, figures, status);
  return figures;
}

int run(const RunOptions& options) {
  const std::string prompt = read_prompt(options.prompt);
  Interrupt interrupt;
  const Runtime runtime = make_runtime(options.model);
  const Model model = load_model(runtime.get(), options.model, to_library(options.model), interrupt);
  const auto session =
      make<Session>([&](auto** out, auto* err) { return grok1_session_create(model.get(), nullptr, out, err); });
  const Sampler sampler = make_sampler(options);

  grok1_generate_options generate = GROK1_INIT(grok1_generate_options);
  generate.sampler = sampler.get();
  generate.cancel = interrupt.flag();
  generate.max_tokens = options.n_tokens;
  std::exception_ptr failure;
  grok1_error err = GROK1_INIT(grok1_error);
  const grok1_status status =
      grok1_generate(session.get(), prompt.data(), prompt.size(), &generate, print_text, &failure, &err);
  if (failure) std::rethrow_exception(failure);
  check(status, err);
  write_stdout("\n");
  flush_stdout();
  if (status == GROK1_S_CONTEXT_FULL) std::fprintf(stderr, "grok1: the context is full; -c sets a longer one\n");
  print_figures(measure(model.get(), session.get(), prompt, options, status), options.json);
  return exit_code_of(status);
}

}  // namespace

void add_run(CLI::App& app, Action& action) {
  auto* sub = app.add_subcommand("run", "Generate text after a prompt");
  const auto options = std::make_shared<RunOptions>();
  add_model_option(*sub, options->model);
  sub->add_option("-p,--prompt", options->prompt, "Prompt; '-' reads it from stdin, without its last newline")
      ->required();
  sub->add_option("-n,--tokens", options->n_tokens, "Tokens to generate")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  sub->add_option("--temp", options->temperature, "Temperature; 0 takes the most likely token")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  sub->add_option("--top-k", options->top_k, "Keep the k most likely tokens; 0: off")->capture_default_str();
  sub->add_option("--top-p", options->top_p, "Keep the fewest tokens that reach this probability; 1: off")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  sub->add_option("--min-p", options->min_p, "Drop tokens less likely than this times the most likely; 0: off")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  sub->add_option("--repeat-penalty", options->repeat_penalty, "Make recent tokens less likely; 1: off")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  sub->add_option("--seed", options->seed, "Seed of the sampler")->capture_default_str();
  add_compute_options(*sub, options->model);
  add_context_option(*sub, options->model);
  sub->add_flag("--json", options->json, "Closing figures as JSON (on stderr)");
  sub->callback([options, &action] { action = [options] { return run(*options); }; });
}

}  // namespace cli
