#include "core/runtime/measure.h"

#include <algorithm>

namespace grok1 {
namespace {

constexpr uint64_t kReadBytes = uint64_t{1} << 30;  // more than any cache holds

}  // namespace

grok1_rates measure_rates(const Device& device, uint64_t read_bytes) {
  grok1_rates rates = GROK1_INIT(grok1_rates);
  const grok1_measure_ops* ops = device.measure_ops();
  if (ops == nullptr) return rates;
  if (read_bytes == 0) read_bytes = std::clamp<uint64_t>(device.info().memory_free / 4, 1, kReadBytes);
  const auto rate_of = [&](uint32_t what) {
    double rate = 0;
    try {
      device.call(ops->measure, device.get(), what, read_bytes, &rate);
    } catch (const Failure& failure) {
      if (failure.status() != GROK1_E_UNSUPPORTED) throw;
    }
    return rate;
  };
  rates.read_bytes_per_second = rate_of(GROK1_MEASURE_READ);
  rates.dot_i8_per_second = rate_of(GROK1_MEASURE_DOT_I8);
  rates.dot_i16_per_second = rate_of(GROK1_MEASURE_DOT_I16);
  rates.fma_per_second = rate_of(GROK1_MEASURE_FMA);
  return rates;
}

}  // namespace grok1
