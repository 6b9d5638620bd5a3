#include "core/runtime/wishes.h"

#include <charconv>
#include <cmath>
#include <string_view>

#include "core/base/failure.h"

namespace grok1 {
namespace {

std::optional<uint32_t> layers(int32_t value, const char* field) {
  if (value < GROK1_NO_LAYERS) {
    fail(GROK1_E_INVALID_ARGUMENT, "{}: a number of layers, 0 or GROK1_NO_LAYERS (-1) wanted, found {}", field, value);
  }
  if (value == 0) return std::nullopt;
  return value == GROK1_NO_LAYERS ? 0 : static_cast<uint32_t>(value);
}

std::vector<double> numbers(const char* list) {
  std::vector<double> found;
  if (list == nullptr || *list == '\0') return found;
  const std::string_view text(list);
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    const std::string_view item = text.substr(begin, end - begin);
    begin = end + 1;
    double value = 0;
    const auto [stop, error] = std::from_chars(item.data(), item.data() + item.size(), value);
    if (error != std::errc() || stop != item.data() + item.size() || !std::isfinite(value) || value <= 0) {
      fail(GROK1_E_INVALID_ARGUMENT,
           "tensor_split: numbers above 0, comma-separated, wanted, found '{}' in \"{}\"; leave a device out of "
           "`devices` instead of giving it nothing",
           item, text);
    }
    found.push_back(value);
  }
  return found;
}

}  // namespace

Wishes read_wishes(const grok1_model_options& options) {
  Wishes wishes;
  wishes.gpu_layers = layers(options.gpu_layers, "gpu_layers");
  wishes.cpu_experts_layers = layers(options.cpu_experts_layers, "cpu_experts_layers");
  wishes.tensor_split = numbers(options.tensor_split);
  wishes.split = options.split == GROK1_SPLIT_DEFAULT ? uint32_t{GROK1_SPLIT_LAYER} : options.split;
  if (wishes.split > GROK1_SPLIT_FFN) {
    fail(GROK1_E_INVALID_ARGUMENT, "split: GROK1_SPLIT_LAYER, _EXPERT or _FFN wanted, found {}", options.split);
  }
  return wishes;
}

uint32_t weights_wish(const grok1_model_options& options) {
  if (options.weights > GROK1_WEIGHTS_READ) {
    fail(GROK1_E_INVALID_ARGUMENT, "weights: GROK1_WEIGHTS_DEFAULT, _MAPPED or _READ wanted, found {}",
         options.weights);
  }
  return options.weights;
}

bool want_cpu(const Wishes& wishes, const Config& config) {
  return wishes.gpu_layers.value_or(config.layers + 1) <= config.layers || wishes.cpu_experts_layers.value_or(0) != 0;
}

std::string backend_options(const grok1_model_options& options) {
  std::string text = options.backend_options != nullptr ? options.backend_options : "";
  if (options.threads != 0) text += fmt::format("{}threads={}", text.empty() ? "" : ",", options.threads);
  return text;
}

}  // namespace grok1
