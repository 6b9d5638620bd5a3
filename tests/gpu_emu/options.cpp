#include "options.h"

#include <charconv>
#include <cstdlib>
#include <string_view>

#include "vendor/runtime.h"

namespace gpu::emulator {
namespace {

std::string_view variable(const char* name, std::string_view otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr || *value == '\0' ? otherwise : value;
}

[[noreturn]] void refuse(const char* name, std::string_view found, const char* wanted) {
  throw Error{Error::Kind::kOther, 1,
              std::string(name) + " is \"" + std::string(found) + "\"; it must be " + wanted + " or unset"};
}

uint64_t number(const char* name, std::string_view whole, std::string_view text, const char* wanted) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) refuse(name, whole, wanted);
  return value;
}

std::vector<int> read_waves() {
  constexpr char kName[] = "GROK1_EMU_DEVICES", kWanted[] = "wave sizes, 32 or 64, separated by commas, or none,";
  const std::string_view all = variable(kName, "32,64");
  std::vector<int> waves;
  if (all == "none") return waves;
  for (size_t at = 0; at <= all.size();) {
    const size_t end = std::min(all.find(',', at), all.size());
    const uint64_t wave = number(kName, all, all.substr(at, end - at), kWanted);
    if (wave != 32 && wave != 64) refuse(kName, all, kWanted);
    waves.push_back(static_cast<int>(wave));
    at = end + 1;
  }
  return waves;
}

void read_schedule(Options& options) {
  constexpr char kName[] = "GROK1_EMU_SCHEDULE", kWanted[] = "forward, reverse, ahead or shuffle:SEED,";
  constexpr std::string_view kShuffle = "shuffle:";
  const std::string_view value = variable(kName, "forward");
  if (value == "forward") return;
  if (value == "reverse") {
    options.order = Order::kReverse;
  } else if (value == "ahead") {
    options.order = Order::kAhead;
  } else {
    if (!value.starts_with(kShuffle)) refuse(kName, value, kWanted);
    options.order = Order::kShuffle;
    options.seed = number(kName, value, value.substr(kShuffle.size()), kWanted);
  }
}

void read_loss(Options& options) {
  constexpr char kName[] = "GROK1_EMU_LOSE", kWanted[] = "DEVICE:N, a device and the number of a launch from 1 on,";
  const std::string_view value = variable(kName, "");
  if (value.empty()) return;
  const size_t colon = value.find(':');
  if (colon == value.npos) refuse(kName, value, kWanted);
  const uint64_t device = number(kName, value, value.substr(0, colon), kWanted);
  options.lose_at = number(kName, value, value.substr(colon + 1), kWanted);
  if (device >= options.waves.size() || options.lose_at == 0) refuse(kName, value, kWanted);
  options.lose_device = static_cast<int>(device);
}

}  // namespace

Options read_options() {
  Options options;
  options.waves = read_waves();
  const std::string_view memory = variable("GROK1_EMU_MEMORY", "");
  if (!memory.empty()) options.memory = number("GROK1_EMU_MEMORY", memory, memory, "a number of bytes");
  read_schedule(options);
  read_loss(options);
  options.counts = variable("GROK1_EMU_COUNTS", "");
  return options;
}

}  // namespace gpu::emulator
