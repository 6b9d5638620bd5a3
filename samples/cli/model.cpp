// Options of the command line turned into runtimes and models.
#include "model.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <sstream>
#include <vector>

#include "progress.h"
#include "text.h"

namespace cli {
namespace {

int32_t show_progress(void* user, uint64_t done, uint64_t total) {
  static_cast<Progress*>(user)->update(done, total);
  return 0;
}

uint32_t cache_type(const std::string& name) {
  return name == "f32"   ? GROK1_CACHE_F32
         : name == "f16" ? GROK1_CACHE_F16
         : name == "i8"  ? GROK1_CACHE_I8
                         : GROK1_CACHE_BF16;
}

uint32_t split(const std::string& name) {
  return name == "expert" ? GROK1_SPLIT_EXPERT : name == "ffn" ? GROK1_SPLIT_FFN : GROK1_SPLIT_LAYER;
}

uint32_t weights(const std::string& name) {
  return name == "mapped" ? GROK1_WEIGHTS_MAPPED : name == "read" ? GROK1_WEIGHTS_READ : GROK1_WEIGHTS_DEFAULT;
}

// A number of layers as the library takes it: "not given" and "none" change places.
int32_t layers(int32_t given) {
  return given < 0 ? 0 : given == 0 ? int32_t{GROK1_NO_LAYERS} : given;
}

// How accelerators and CPU share the model; the names that llama.cpp gave these options.
void add_sharing_options(CLI::App& app, ModelOptions& options) {
  app.add_option(
         "--n-gpu-layers,--gpu-layers", options.gpu_layers,
         "Also -ngl N: the last N layers go to the accelerators, more than there are: the head too; default: as "
         "many as fit")
      ->check(CLI::NonNegativeNumber);
  app.add_option("--n-cpu-moe", options.cpu_experts_layers,
                 "Experts of the first N layers stay on the CPU; default: of as few as must")
      ->check(CLI::NonNegativeNumber);
  app.add_option("--tensor-split", options.tensor_split,
                 "Also -ts: proportions of what the devices share, 3,1; default: their free memory");
  app.add_option("--split-mode", options.split_mode,
                 "Also -sm: several devices divide the layers, the experts of each, or their ffn columns")
      ->check(CLI::IsMember({"layer", "expert", "ffn"}))
      ->capture_default_str();
}

}  // namespace

void add_model_option(CLI::App& app, ModelOptions& options) {
  app.add_option("-m,--model", options.path,
                 "Model: the folder that contains ckpt-0, a folder of safetensors, or a GGUF file")
      ->required();
  app.add_option("--tokenizer", options.tokenizer, "A tokenizer.model; default: the one inside or beside the weights");
}

void add_device_option(CLI::App& app, ModelOptions& options) {
  app.add_option("--device,--backend", options.devices,
                 "Devices, comma-separated: cpu, cuda:0, or the path of a plugin; default: the fastest that fits");
  app.add_flag("-v,--verbose", options.verbose, "Show what the library reports");
}

void add_compute_options(CLI::App& app, ModelOptions& options) {
  add_device_option(app, options);
  app.add_option("-t,--threads", options.threads, "CPU threads; default: one for each core")
      ->check(CLI::PositiveNumber);
  app.add_option("--backend-options", options.backend_options,
                 "key=value,... for the backends, whose pages say what they know: isa=avx2, digits=1");
  app.add_option("--cache-type", options.cache_type, "Type of the KV cache: f32, bf16, f16 or i8")
      ->check(CLI::IsMember({"f32", "bf16", "f16", "i8"}))
      ->capture_default_str();
  app.add_option(
         "--weights", options.weights,
         "mapped: used in the mapped files; read: read past the page cache into memory; default: mapped, unless "
         "the device is faster with memory of its own")
      ->check(CLI::IsMember({"mapped", "read"}));
  app.add_flag_callback(
      "--no-mmap", [&options] { options.weights = "read"; }, "The same as --weights read");
  add_sharing_options(app, options);
}

void add_context_option(CLI::App& app, ModelOptions& options) {
  app.add_option("-c,--context", options.context, "Most tokens of prompt and text; default: the model's own context")
      ->check(CLI::PositiveNumber);
}

std::string sharing_arguments(const ModelOptions& options) {
  std::string typed;
  if (options.gpu_layers >= 0) typed += text(" -ngl %d", options.gpu_layers);
  if (options.cpu_experts_layers >= 0) typed += text(" --n-cpu-moe %d", options.cpu_experts_layers);
  if (!options.tensor_split.empty()) typed += " --tensor-split " + options.tensor_split;
  if (options.split_mode != "layer") typed += " --split-mode " + options.split_mode;
  return typed;
}

std::string weights_argument(const ModelOptions& options) {
  return options.weights.empty() ? "" : " --weights " + options.weights;
}

grok1_model_options to_library(const ModelOptions& options) {
  grok1_model_options out = GROK1_INIT(grok1_model_options);
  if (!options.devices.empty()) out.devices = options.devices.c_str();
  if (!options.tokenizer.empty()) out.tokenizer_path = options.tokenizer.c_str();
  if (!options.backend_options.empty()) out.backend_options = options.backend_options.c_str();
  out.context_tokens = options.context;
  out.threads = options.threads;
  out.cache_type = cache_type(options.cache_type);
  out.gpu_layers = layers(options.gpu_layers);
  out.cpu_experts_layers = layers(options.cpu_experts_layers);
  if (!options.tensor_split.empty()) out.tensor_split = options.tensor_split.c_str();
  out.split = split(options.split_mode);
  out.weights = weights(options.weights);
  return out;
}

Runtime make_runtime(const ModelOptions& options) {
  std::vector<std::string> paths;
  std::istringstream items(options.devices);
  for (std::string item; std::getline(items, item, ',');)
    if (item.find('/') != std::string::npos) paths.push_back(item);
  std::vector<const char*> pointers;
  for (const std::string& path : paths) pointers.push_back(path.c_str());

  grok1_runtime_options runtime = GROK1_INIT(grok1_runtime_options);
  runtime.log = print_log;
  runtime.log_level = options.verbose ? GROK1_LOG_INFO : GROK1_LOG_WARNING;
  runtime.backend_paths = pointers.data();
  runtime.n_backend_paths = pointers.size();
  return make<Runtime>([&](auto** out, auto* err) { return grok1_runtime_create(&runtime, out, err); });
}

void print_log(void*, int32_t level, const char* message, size_t size) {
  static const char* const prefix[] = {"", "error: ", "warning: ", "", ""};
  // The first two characters wipe a progress line.
  std::fprintf(stderr, "%sgrok1: %s%.*s\n", isatty(STDERR_FILENO) == 1 ? "\r\033[K" : "",
               prefix[level >= 0 && level <= GROK1_LOG_DEBUG ? level : 0], static_cast<int>(size), message);
}

Model probe_model(const ModelOptions& options) {
  const grok1_model_options library = to_library(options);
  return make<Model>([&](auto** out, auto* err) {
    return grok1_model_probe(options.path.data(), options.path.size(), &library, out, err);
  });
}

Model load_model(grok1_runtime* runtime, const ModelOptions& options, grok1_model_options limits,
                 Interrupt& interrupt) {
  Progress progress("loading", Progress::Unit::kBytes);
  limits.progress = show_progress;
  limits.progress_user = &progress;
  limits.cancel = interrupt.flag();
  return make<Model>([&](auto** out, auto* err) {
    return grok1_model_load(runtime, options.path.data(), options.path.size(), &limits, out, err);
  });
}

grok1_model_info model_info(const grok1_model* model) {
  grok1_model_info info = GROK1_INIT(grok1_model_info);
  if (const grok1_status status = grok1_model_get_info(model, &info); status < 0)
    throw Stop(exit_code_of(status), grok1_status_name(status));
  return info;
}

}  // namespace cli
