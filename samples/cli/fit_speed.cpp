// Tokens per second that are to be expected: what a token reads, by what memory and disk give right now. An estimate:
// decoding is limited by reads wherever it was measured (docs/performance.md), prompts are not looked at.
#include <algorithm>
#include <map>
#include <string_view>

#include "bench_disk.h"
#include "fit.h"

namespace cli {
namespace {

constexpr uint64_t kReadBytes = uint64_t{256} << 20;  // more than most caches hold, read in some hundredths of a second

// Of a plain read of the same memory, what decoding one sequence reaches on the CPU: docs/performance.md has 0.87 to
// 0.95 for weights that were read, 0.66 to 0.95 for mapped ones. No other kind of device has been measured.
constexpr double kReadFraction = 0.9, kMappedFraction = 0.75;

double fraction_of(const grok1_plan& plan) {
  return plan.weights == GROK1_WEIGHTS_READ ? kReadFraction : kMappedFraction;
}

// By device name; 0 where a device cannot say.
class MemoryRates {
 public:
  explicit MemoryRates(grok1_runtime* runtime) : runtime_(runtime) {}

  double of(std::string_view name) {
    if (const auto known = rates_.find(name); known != rates_.end()) return known->second;
    return rates_.emplace(name, measure(name)).first->second;
  }

 private:
  double measure(std::string_view name) const {
    grok1_device_info device = GROK1_INIT(grok1_device_info);
    grok1_status status = GROK1_OK;
    for (size_t i = 0; (status = grok1_runtime_device(runtime_, i, &device)) != GROK1_E_OUT_OF_RANGE; ++i) {
      if (status != GROK1_OK || name != device.name) continue;
      grok1_rates rates = GROK1_INIT(grok1_rates);
      const uint64_t bytes = std::min(kReadBytes, std::max<uint64_t>(device.memory_free / 4, 1));
      return grok1_runtime_measure(runtime_, i, bytes, &rates, nullptr) == GROK1_OK ? rates.read_bytes_per_second : 0;
    }
    return 0;
  }

  grok1_runtime* runtime_;
  std::map<std::string, double, std::less<>> rates_;
};

// Bytes that a token reads of the weights that a device holds.
double token_bytes(const grok1_plan_device& row, const grok1_model_info& info) {
  const double used = static_cast<double>(info.experts_used) / info.experts;
  return static_cast<double>(row.weight_bytes - row.expert_bytes) + used * static_cast<double>(row.expert_bytes);
}

// Seconds of a token by memory alone, the devices one after the other; 0 if one of them cannot be measured.
double memory_seconds(const Candidate& candidate, const grok1_model_info& info, MemoryRates& rates, FitSpeed& speed) {
  if (candidate.devices.size() > 1 && candidate.plan.split != GROK1_SPLIT_LAYER) return 0;
  speed.fraction = fraction_of(candidate.plan);
  double seconds = 0, most = 0;
  for (const grok1_plan_device& row : candidate.devices) {
    const double rate = row.kind == GROK1_DEVICE_CPU ? rates.of(row.name) : 0, bytes = token_bytes(row, info);
    if (rate <= 0) return 0;
    seconds += bytes / (rate * speed.fraction);
    if (bytes > most) {
      most = bytes;
      speed.memory_rate = rate;
    }
  }
  return seconds;
}

// Experts that no free memory holds come from disk each time that they are chosen, and all are chosen alike.
double disk_bytes(const grok1_plan& plan, const grok1_model_info& info) {
  const auto experts = static_cast<double>(plan.expert_bytes);
  const double room = static_cast<double>(plan.available) - static_cast<double>(plan.needed_from_disk);
  const double kept = std::clamp(room / experts, 0.0, 1.0);
  return experts * info.experts_used / info.experts * (1 - kept);
}

}  // namespace

void measure_speed(grok1_runtime* runtime, const grok1_model* model, std::vector<Candidate>& candidates) {
  const grok1_model_info info = model_info(model);
  MemoryRates rates(runtime);
  double disk_rate = -1;  // not measured yet
  for (Candidate& candidate : candidates) {
    FitSpeed& speed = candidate.speed;
    if (!candidate.fits) continue;
    double seconds = memory_seconds(candidate, info, rates, speed);
    if (seconds <= 0) continue;
    if (candidate.plan.residency == GROK1_RESIDENCY_FROM_DISK) {
      if (disk_rate < 0) disk_rate = measure_disk(model, kReadBytes).bytes_per_second;
      if (disk_rate <= 0) continue;
      speed.disk_rate = disk_rate;
      speed.disk_bytes = disk_bytes(candidate.plan, info);
      seconds = std::max(seconds, speed.disk_bytes / disk_rate);
    }
    speed.tokens_per_second = 1 / seconds;
  }
}

}  // namespace cli
