// grok1 logits: the model's raw output for given token ids, as float32 rows in a file, and the experts it chose.
#include <CLI/CLI.hpp>
#include <memory>
#include <vector>

#include "commands.h"
#include "files.h"
#include "model.h"
#include "progress.h"
#include "text.h"

namespace cli {
namespace {

struct LogitsOptions {
  ModelOptions model;
  std::string tokens_file;
  std::string out;
  std::string experts;
  uint32_t prompt = 0;
  bool all = false;
};

// Collects the chosen experts of every pass, layer by layer.
class ExpertTrace {
 public:
  ExpertTrace(grok1_session* session, const grok1_model_info& info) : layers_(info.layers), used_(info.experts_used) {
    const auto trace = reinterpret_cast<grok1_trace_x1>(grok1_get_proc("trace_x1"));
    if (trace == nullptr) throw Stop(kOther, "--experts: this libgrok1 has no trace_x1");
    checked([&](auto* err) { return trace(session, take, this, err); });
  }

  void write(const std::string& path) const {
    OutputFile file(path);
    for (const auto& layer : layers_) file.write(layer.data(), layer.size() * sizeof(int32_t));
    file.commit();
  }

 private:
  static void take(void* user, uint32_t what, int32_t layer, const void* data, size_t rows) {
    auto& self = *static_cast<ExpertTrace*>(user);
    if (what != GROK1_TRACE_EXPERTS_X1 || layer < 0 || static_cast<size_t>(layer) >= self.layers_.size()) return;
    const int32_t* chosen = static_cast<const int32_t*>(data);
    auto& all = self.layers_[static_cast<size_t>(layer)];
    all.insert(all.end(), chosen, chosen + rows * self.used_);
  }

  std::vector<std::vector<int32_t>> layers_;  // [layers][tokens * used]
  size_t used_;
};

// One sequence that is fed chunk by chunk and writes the rows it is asked for.
class LogitsWriter {
 public:
  LogitsWriter(grok1_session* session, uint32_t vocab_size, const std::string& path, Interrupt& interrupt)
      : session_(session),
        sequence_(make<Sequence>([&](auto** out, auto* err) { return grok1_sequence_create(session, out, err); })),
        interrupt_(interrupt),
        row_(vocab_size),
        file_(path) {}

  void decode(const int32_t* tokens, uint32_t n, uint8_t want) {
    grok1_sequence* sequence = sequence_.get();
    grok1_batch batch = GROK1_INIT(grok1_batch);
    batch.count = 1;
    batch.sequences = &sequence;
    batch.n_tokens = &n;
    batch.tokens = tokens;
    batch.want_logits = &want;
    batch.cancel = interrupt_.flag();
    checked([&](auto* err) { return grok1_decode(session_, &batch, err); });
    for (size_t i = 0; i < (want == GROK1_LOGITS_ALL ? n : 1u); ++i) {
      checked([&](auto* err) { return grok1_sequence_logits(sequence, i, row_.data(), row_.size(), err); });
      file_.write(row_.data(), row_.size() * sizeof(float));
    }
  }

  void commit() { file_.commit(); }

 private:
  grok1_session* session_;
  Sequence sequence_;
  Interrupt& interrupt_;
  std::vector<float> row_;
  OutputFile file_;
};

// One pass holds the whole prompt, whatever its length.
grok1_model_options limits_for(const LogitsOptions& options, uint32_t n_tokens, uint32_t prompt) {
  grok1_model_options limits = to_library(options.model);
  if (limits.context_tokens == 0) limits.context_tokens = n_tokens;
  limits.max_sequences = 1;
  limits.max_batch_tokens = prompt;
  limits.max_logit_rows = options.all ? n_tokens : 1;
  return limits;
}

int logits(const LogitsOptions& options) {
  const TokenFile tokens = read_tokens(options.tokens_file);
  const auto n = static_cast<uint32_t>(tokens.ids.size());
  if (n == 0) throw Stop(kBadFile, tokens.path + ": holds no token id");
  const uint32_t prompt = options.prompt == 0 || options.all ? n : options.prompt;
  if (prompt > n) throw Stop(kUsage, text("--prompt %u: %s holds %u tokens", prompt, tokens.path.c_str(), n));

  Interrupt interrupt;
  const Runtime runtime = make_runtime(options.model);
  const Model model = load_model(runtime.get(), options.model, limits_for(options, n, prompt), interrupt);
  const grok1_model_info info = model_info(model.get());
  tokens.require_below(info.vocab_size);
  const auto session =
      make<Session>([&](auto** out, auto* err) { return grok1_session_create(model.get(), nullptr, out, err); });
  std::unique_ptr<ExpertTrace> trace;
  if (!options.experts.empty()) trace = std::make_unique<ExpertTrace>(session.get(), info);

  LogitsWriter writer(session.get(), info.vocab_size, options.out, interrupt);
  Progress progress("logits", Progress::Unit::kTokens);
  writer.decode(tokens.ids.data(), prompt, options.all ? GROK1_LOGITS_ALL : GROK1_LOGITS_LAST);
  for (uint32_t i = prompt; i < n; ++i) {
    progress.update(i, n);
    writer.decode(tokens.ids.data() + i, 1, GROK1_LOGITS_LAST);
  }
  if (trace != nullptr) trace->write(options.experts);
  writer.commit();
  return kOk;
}

}  // namespace

void add_logits(CLI::App& app, Action& action) {
  auto* sub = app.add_subcommand("logits", "Write the logits of given tokens to a file");
  const auto options = std::make_shared<LogitsOptions>();
  add_model_option(*sub, options->model);
  sub->add_option("--tokens-file", options->tokens_file, "Decimal token ids, white space between; '-' is stdin")
      ->required();
  sub->add_option("-o,--out", options->out, "Output: float32 rows, one number per token of the vocabulary")->required();
  auto* prompt =
      sub->add_option("--prompt", options->prompt,
                      "Tokens given in one prefill, the rest one by one; rows begin with its last; default: all")
          ->check(CLI::PositiveNumber);
  sub->add_flag("--all", options->all, "All rows of one prefill of everything")->excludes(prompt);
  sub->add_option("--experts", options->experts, "Output: chosen experts, best first, int32 [layers, tokens, used]");
  add_compute_options(*sub, options->model);
  add_context_option(*sub, options->model);
  sub->get_option("--context")->description("Most tokens; default: as many as the file holds");
  sub->callback([options, &action] { action = [options] { return logits(*options); }; });
}

}  // namespace cli
