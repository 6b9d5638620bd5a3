// The subcommands. Each adds itself to the command line; when it is the one that was named, it leaves in `action` what
// is to be done, which returns the exit code or throws Stop.
#pragma once

#include <functional>

namespace CLI {
class App;
}

namespace cli {

using Action = std::function<int()>;

void add_run(CLI::App& app, Action& action);
void add_devices(CLI::App& app, Action& action);
void add_inspect(CLI::App& app, Action& action);
void add_fit(CLI::App& app, Action& action);
void add_verify(CLI::App& app, Action& action);
void add_tokenize(CLI::App& app, Action& action);
void add_logits(CLI::App& app, Action& action);
void add_perplexity(CLI::App& app, Action& action);
void add_imatrix(CLI::App& app, Action& action);
void add_bench(CLI::App& app, Action& action);
void add_convert(CLI::App& app, Action& action);
void add_quantize(CLI::App& app, Action& action);
void add_synth(CLI::App& app, Action& action);

}  // namespace cli
