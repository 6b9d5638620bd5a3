// The options that choose a model and the hardware for it, as every subcommand offers them, and the library objects
// that they describe.
#pragma once

#include <cstdint>
#include <string>

#include "handle.h"
#include "interrupt.h"

namespace CLI {
class App;
}

namespace cli {

struct ModelOptions {
  std::string path;
  std::string tokenizer;
  std::string devices;
  std::string backend_options;
  std::string cache_type = "bf16";
  uint32_t threads = 0;
  uint32_t context = 0;
  int32_t gpu_layers = -1;          // -1: not given
  int32_t cpu_experts_layers = -1;  // -1: not given
  std::string tensor_split;
  std::string split_mode = "layer";
  std::string weights;  // "": as the library chooses
  bool verbose = false;
};

void add_model_option(CLI::App& app, ModelOptions& options);     // -m, --tokenizer
void add_device_option(CLI::App& app, ModelOptions& options);    // --device, -v
void add_compute_options(CLI::App& app, ModelOptions& options);  // --device, -v, -t, --cache-type, --weights, -ngl ...
void add_context_option(CLI::App& app, ModelOptions& options);   // -c

// The options that say how several devices share the model, as they are typed: " -ngl 2", or "".
std::string sharing_arguments(const ModelOptions& options);

// " --weights read", or "".
std::string weights_argument(const ModelOptions& options);

// The same for the library; points into `options`.
grok1_model_options to_library(const ModelOptions& options);

// A runtime whose messages go to stderr. Plugins that `devices` names by path are loaded.
Runtime make_runtime(const ModelOptions& options);

// A message of the library on stderr.
void print_log(void*, int32_t level, const char* message, size_t size);

Model probe_model(const ModelOptions& options);

// Loads with a progress line.
Model load_model(grok1_runtime* runtime, const ModelOptions& options, grok1_model_options limits, Interrupt& interrupt);

grok1_model_info model_info(const grok1_model* model);

}  // namespace cli
