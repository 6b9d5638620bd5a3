// Keys and values.
#include "backends/cpu/options.h"

#include <charconv>

namespace grok1::cpu {
namespace {

constexpr uint32_t kMostThreads = 4096, kMostNodes = 64;

uint32_t number(std::string_view key, std::string_view value, uint32_t least, uint32_t most) {
  uint32_t count = 0;
  const char* end = value.data() + value.size();
  const auto [stop, fault] = std::from_chars(value.data(), end, count);
  if (fault != std::errc() || stop != end || count < least || count > most)
    refuse(GROK1_E_INVALID_ARGUMENT, "%.*s=%.*s: wanted a number from %u to %u", static_cast<int>(key.size()),
           key.data(), static_cast<int>(value.size()), value.data(), least, most);
  return count;
}

bool is_one_digit(std::string_view value) {
  if (value != "1" && value != "2")
    refuse(GROK1_E_INVALID_ARGUMENT, "digits=%.*s: wanted 2 (activations of int8 matrices in 15 bits) or 1 (in 8)",
           static_cast<int>(value.size()), value.data());
  return value == "1";
}

bool is_onednn(std::string_view value) {
  if (value != "own" && value != "onednn")
    refuse(GROK1_E_INVALID_ARGUMENT, "gemm=%.*s: wanted own (this backend's kernels) or onednn (for many rows)",
           static_cast<int>(value.size()), value.data());
  return value == "onednn";
}

}  // namespace

Options parse_options(const Backend& backend, std::string_view text) {
  Options options;
  std::string_view isa = backend.forced_isa;
  const char* source = "GROK1_CPU_ISA";
  while (!text.empty()) {
    const std::string_view item = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), item.size() + 1));
    const size_t equals = item.find('=');
    if (equals == std::string_view::npos)
      refuse(GROK1_E_INVALID_ARGUMENT, "option '%.*s': wanted key=value", static_cast<int>(item.size()), item.data());
    const std::string_view key = item.substr(0, equals), value = item.substr(equals + 1);
    if (key == "threads") options.threads = number(key, value, 1, kMostThreads);
    if (key == "nodes") options.nodes = number(key, value, 1, kMostNodes);
    if (key == "oversubscribe") options.oversubscribe = number(key, value, 0, 1) == 1;
    if (key == "digits") options.one_digit = is_one_digit(value);
    if (key == "gemm") options.onednn = is_onednn(value);
    if (key == "isa") isa = value, source = "option isa";
  }
  options.isa = isa.empty() && source[0] == 'G' ? best_isa() : forced_isa(isa, source);
  return options;
}

}  // namespace grok1::cpu
