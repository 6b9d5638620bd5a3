// grok1 quantize: a model written as GGUF in a smaller encoding, with the arguments in the order that llama.cpp's
// quantize has them.
#include <CLI/CLI.hpp>
#include <memory>

#include "commands.h"
#include "conversion.h"

namespace cli {

void add_quantize(CLI::App& app, Action& action) {
  auto* sub = app.add_subcommand("quantize", "Write a model as GGUF in a smaller encoding");
  const auto options = std::make_shared<ConversionOptions>();
  sub->add_option("model", options->model.path, "Model: what grok1 run takes")->required();
  sub->add_option("output", options->output, "File to write: NAME.gguf")->required();
  sub->add_option("type", options->type, "Encoding of the matrices: q8_0, q6_k, q5_k, q4_k, q3_k, q2_k, iq4_xs ...")
      ->required();
  add_conversion_options(*sub, *options);
  sub->callback([options, &action] { action = [options] { return run_conversion(*options); }; });
}

}  // namespace cli
