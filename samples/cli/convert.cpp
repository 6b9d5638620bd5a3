// grok1 convert: a model of any format that the library reads, written as GGUF; by default as exactly as the source has
// its numbers.
#include <CLI/CLI.hpp>
#include <memory>

#include "commands.h"
#include "conversion.h"

namespace cli {

void add_convert(CLI::App& app, Action& action) {
  auto* sub = app.add_subcommand("convert", "Write a model as GGUF");
  const auto options = std::make_shared<ConversionOptions>();
  sub->add_option("-m,--model", options->model.path, "Model: what grok1 run takes")->required();
  sub->add_option("-o,--output", options->output, "File to write: NAME.gguf")->required();
  sub->add_option("--type", options->type,
                  "Encoding of the matrices: f32, f16, bf16, q8_0, q6_k, q4_k, iq4_xs ...; "
                  "default: q8_0 for xAI's int8, otherwise the source's own");
  add_conversion_options(*sub, *options);
  sub->callback([options, &action] { action = [options] { return run_conversion(*options); }; });
}

}  // namespace cli
