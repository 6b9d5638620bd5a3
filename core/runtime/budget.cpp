#include "core/runtime/budget.h"

#include <map>

namespace grok1 {
namespace {

// A part of something, rounded up.
uint64_t part(uint64_t whole, uint64_t numerator, uint64_t denominator) {
  return whole / denominator * numerator + (whole % denominator * numerator + denominator - 1) / denominator;
}

// The largest ends of the layer's ranges: heads, experts and columns are covered once by all members together.
Share whole_of(const LayerDivision& layer) {
  Share whole;
  for (const Share& share : layer.shares) {
    whole.kv_heads.end = std::max(whole.kv_heads.end, share.kv_heads.end);
    whole.experts.end = std::max(whole.experts.end, share.experts.end);
    whole.ffn.end = std::max(whole.ffn.end, share.ffn.end);
  }
  return whole;
}

}  // namespace

Need need_of(const DeviceBudget& device, const Division& division, uint32_t member) {
  uint64_t rest = device.scratch, experts = 0;
  if (division.head() == member) rest += device.head;
  for (size_t i = 0; i < division.layers.size(); ++i) {
    const Share& share = division.share(i, member);
    const Share whole = whole_of(division.layers[i]);
    if (division.home(i).has(member)) rest += device.norms[i];
    if (share.attends()) rest += part(device.attention[i], share.kv_heads.size(), whole.kv_heads.size());
    if (share.has_experts()) {
      experts += part(device.experts[i], uint64_t{share.experts.size()} * share.ffn.size(),
                      uint64_t{whole.experts.size()} * whole.ffn.size());
    }
  }
  return {rest + experts, device.maps_experts ? rest : rest + experts};
}

bool fits(const std::vector<DeviceBudget>& devices, const Division& division) {
  std::map<uint32_t, uint64_t> needed;
  for (uint32_t m = 0; m < devices.size(); ++m) needed[devices[m].pool] += need_of(devices[m], division, m).from_disk;
  return std::all_of(devices.begin(), devices.end(),
                     [&](const DeviceBudget& device) { return needed[device.pool] <= device.available; });
}

}  // namespace grok1
