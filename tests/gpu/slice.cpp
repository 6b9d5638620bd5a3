// gpu_slice PLUGIN [--device N] [--layers N] [--toy] | gpu_slice PLUGIN --devices: some layers of Grok-1 at its real
// widths on a device of a plugin, without the library: how fast weights are uploaded, one row is decoded behind
// contexts of several lengths, and a prompt is prefilled. Prints lines of "name key=value ..." for tests/gpu/run.sh.
// The same layers run again and again on the same positions; a layer's bytes are those that the model must read.
#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <string_view>

#include "pass.h"

namespace slice {
namespace {

struct Plan {
  std::vector<uint32_t> contexts;  // before the row that is decoded
  uint32_t prompt;                 // rows of the prefill, which begins at position 0
};
const Plan kWhole{{0, 1024, 8192}, 512}, kToy{{0, 40, 200}, 32};

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// Of one call of `enqueue`: the median of 5 samples, each of as many calls as last a fifth of a second.
template <class Enqueue>
double seconds_of(const Device& device, const Enqueue& enqueue) {
  const auto sample = [&](int calls) {
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < calls; ++i) enqueue();
    device.sync();
    return seconds_since(start) / calls;
  };
  sample(1);  // the first call loads code
  const int calls = std::clamp(static_cast<int>(0.2 / sample(1)), 1, 1000);
  sample(calls);  // clocks rise
  double samples[5];
  for (double& seconds : samples) seconds = sample(calls);
  std::sort(samples, samples + 5);
  return samples[2];
}

struct Command {
  std::string plugin;
  uint32_t device = 0, layers = 2;
  bool toy = false, devices = false;
};

bool parse(int argc, char** argv, Command& command) {
  if (argc < 2) return false;
  command.plugin = argv[1];
  for (int i = 2; i < argc; ++i) {
    const std::string_view name = argv[i];
    if (name == "--toy") {
      command.toy = true;
    } else if (name == "--devices") {
      command.devices = true;
    } else if ((name == "--device" || name == "--layers") && ++i < argc) {
      uint32_t& value = name == "--device" ? command.device : command.layers;
      const char* end = argv[i] + std::strlen(argv[i]);
      if (std::from_chars(argv[i], end, value).ptr != end || command.layers == 0) return false;
    } else {
      return false;
    }
  }
  return true;
}

void measure(const Command& command) {
  const Plan& plan = command.toy ? kToy : kWhole;
  grok1_model_desc model = command.toy ? toy_sizes() : grok1_sizes();
  model.layers = command.layers;
  model.context = std::max(plan.contexts.back() + 1, plan.prompt);
  const Device device(load(command.plugin), command.device);
  const LayerTensors tensors = random_layer(model);
  Pass pass(device, model, plan.prompt);
  const auto start = std::chrono::steady_clock::now();
  pass.upload(tensors);
  const double seconds = seconds_since(start);
  std::printf("upload gb_per_s=%.4g gb_per_layer=%.4g layers=%u\n",
              static_cast<double>(tensors.bytes()) * model.layers / seconds / 1e9,
              static_cast<double>(tensors.bytes()) / 1e9, model.layers);
  for (const uint32_t context : plan.contexts) {
    pass.set(context, 1);
    const double layer = seconds_of(device, [&] { pass.run(); }) / model.layers;
    std::printf("decode_%u ms_per_layer=%.4g gb_per_s=%.4g\n", context, layer * 1e3,
                bytes_of_row(model, tensors, context) / layer / 1e9);
  }
  pass.set(0, plan.prompt);
  double operations = 0;
  for (uint32_t row = 0; row < plan.prompt; ++row) operations += operations_of_row(model, row);
  const auto prefill = [&] {
    pass.restart();
    pass.run();
  };
  const double layer = seconds_of(device, prefill) / model.layers;
  std::printf("prefill_%u ms_per_layer=%.4g top_per_s=%.4g\n", plan.prompt, layer * 1e3, operations / layer / 1e12);
}

}  // namespace
}  // namespace slice

int main(int argc, char** argv) {
  slice::Command command;
  if (!slice::parse(argc, argv, command)) {
    std::fprintf(stderr, "usage: gpu_slice PLUGIN [--device N] [--layers N] [--toy] | gpu_slice PLUGIN --devices\n");
    return 2;
  }
  try {
    if (command.devices) {
      for (const std::string& name : slice::device_names(slice::load(command.plugin)))
        std::printf("%s\n", name.c_str());
    } else {
      slice::measure(command);
    }
    return 0;
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "gpu_slice: %s\n", failure.what());
    return 1;
  }
}
