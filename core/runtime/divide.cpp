#include "core/runtime/divide.h"

#include <numeric>

#include "core/base/failure.h"
#include "grok1.h"

namespace grok1 {
namespace {

// Where n things are cut for shares in these proportions: [shares + 1], each share at least one thing. The caller has
// checked that there are enough.
std::vector<uint32_t> cut(uint32_t n, const std::vector<double>& proportions) {
  const auto shares = static_cast<uint32_t>(proportions.size());
  const double sum = std::accumulate(proportions.begin(), proportions.end(), 0.0);
  std::vector<uint32_t> cuts{0};
  double passed = 0;
  for (uint32_t i = 1; i < shares; ++i) {
    passed += proportions[i - 1];
    const auto at = static_cast<uint32_t>(n * passed / sum + 0.5);
    cuts.push_back(std::clamp(at, cuts.back() + 1, n - (shares - i)));
  }
  cuts.push_back(n);
  return cuts;
}

class Divider {
 public:
  Divider(const std::vector<DeviceBudget>& devices, const ModelShape& shape, const Wishes& wishes)
      : devices_(devices), shape_(shape), wishes_(wishes) {
    assign_roles();
    check();
  }

  Division best() const;

 private:
  void assign_roles();
  void check() const;
  uint32_t parts() const;  // things that the sharers divide among themselves
  bool by_layer() const { return wishes_.split == GROK1_SPLIT_LAYER; }

  Division build(uint32_t gpu_layers, uint32_t cpu_experts_layers) const;
  void place_by_layer(Division& division, uint32_t first, uint32_t cpu_experts_layers) const;
  void fill(Division& division, uint32_t first, uint32_t cpu_experts_layers) const;
  void place_in_parts(Division& division, uint32_t first, uint32_t cpu_experts_layers) const;
  void put_whole(Division& division, uint32_t layer, uint32_t member, bool experts_elsewhere) const;
  std::vector<double> proportions(bool has_head) const;
  bool can_group() const;
  void invite_guests(Division& division) const;

  const std::vector<DeviceBudget>& devices_;
  const ModelShape& shape_;
  const Wishes& wishes_;
  std::vector<uint32_t> sharers_;  // devices that share the model
  std::optional<uint32_t> rest_;   // the CPU that takes what they do not
};

void Divider::assign_roles() {
  const auto n = static_cast<uint32_t>(devices_.size());
  for (uint32_t i = 0; i < n; ++i) {
    if (n > 1 && devices_[i].is_cpu) rest_ = i;  // the last one
  }
  const bool by_number = wishes_.tensor_split.size() == n;
  const bool two_halves = n == 2 && !by_layer() && !wishes_.gpu_layers && wishes_.cpu_experts_layers.value_or(0) == 0;
  if (by_number || two_halves) rest_.reset();
  for (uint32_t i = 0; i < n; ++i) {
    if (i != rest_) sharers_.push_back(i);
  }
}

uint32_t Divider::parts() const {
  switch (wishes_.split) {
    case GROK1_SPLIT_EXPERT: return shape_.experts;
    case GROK1_SPLIT_FFN: return shape_.ffn / shape_.ffn_unit;
    default: return shape_.layers;
  }
}

void Divider::check() const {
  const auto n = static_cast<uint32_t>(sharers_.size());
  if (!wishes_.tensor_split.empty() && wishes_.tensor_split.size() != n) {
    fail(GROK1_E_INVALID_ARGUMENT,
         "tensor_split: a number for each of the {} devices that share the model wanted{}, found {}", n,
         rest_ ? ", or one for the CPU too" : "", wishes_.tensor_split.size());
  }
  const bool leaves_some = wishes_.gpu_layers.value_or(shape_.layers + 1) <= shape_.layers;
  if ((leaves_some || wishes_.cpu_experts_layers.value_or(0) != 0) && !rest_) {
    fail(GROK1_E_INVALID_ARGUMENT,
         "gpu_layers, cpu_experts_layers: a CPU beside the accelerators wanted, found none that takes the rest; name "
         "one "
         "behind them, without a number in tensor_split");
  }
  constexpr uint32_t kMostSharers = 64;  // as many as sum_in_group takes
  const uint32_t most =
      std::min({parts(), wishes_.gpu_layers && by_layer() ? *wishes_.gpu_layers : parts(), kMostSharers});
  if (n > most) {
    fail(GROK1_E_INVALID_ARGUMENT,
         "devices: at most {} that share the model wanted, since there is no more to divide "
         "with this split and gpu_layers; found {}",
         most, n);
  }
}

Division Divider::best() const {
  const uint32_t all = shape_.layers + 1, n = shape_.layers;
  Division division;
  const auto good = [&](uint32_t gpu_layers, uint32_t cpu_experts_layers) {
    division = build(gpu_layers, cpu_experts_layers);
    return fits(devices_, division);
  };
  if (!rest_) return build(all, 0);
  const uint32_t most = std::min(wishes_.gpu_layers.value_or(all), all);
  const uint32_t experts = std::min(wishes_.cpu_experts_layers.value_or(0), n);
  if (good(most, experts) || wishes_.gpu_layers) return division;
  for (uint32_t i = 1; i <= n && !wishes_.cpu_experts_layers; ++i) {
    if (good(all, i)) return division;
  }
  const uint32_t least = by_layer() ? static_cast<uint32_t>(sharers_.size()) : 1;
  for (uint32_t i = n; i >= least && !wishes_.all_attention; --i) {
    if (good(i, wishes_.cpu_experts_layers ? experts : n)) break;
  }
  return division;
}

bool Divider::can_group() const {
  const uint32_t backend = devices_[sharers_.front()].backend;
  return sharers_.size() > 1 && backend != 0 &&
         std::all_of(sharers_.begin(), sharers_.end(), [&](uint32_t i) { return devices_[i].backend == backend; });
}

// Homes are numbered as the members, and a group of all sharers behind them.
Division Divider::build(uint32_t gpu_layers, uint32_t cpu_experts_layers) const {
  Division division;
  division.n_members = static_cast<uint32_t>(devices_.size());
  for (uint32_t i = 0; i < division.n_members; ++i) division.homes.push_back({{i}});
  division.layers.assign(shape_.layers, {0, std::vector<Share>(division.n_members), {}});
  const uint32_t first = shape_.layers - std::min(gpu_layers, shape_.layers);
  for (uint32_t i = 0; i < first; ++i) put_whole(division, i, *rest_, false);
  division.head_home = gpu_layers <= shape_.layers ? *rest_ : by_layer() ? sharers_.back() : sharers_.front();
  by_layer() ? place_by_layer(division, first, cpu_experts_layers)
             : place_in_parts(division, first, cpu_experts_layers);
  invite_guests(division);
  return division;
}

void Divider::put_whole(Division& division, uint32_t layer, uint32_t member, bool experts_elsewhere) const {
  LayerDivision& to = division.layers[layer];
  const uint32_t owner = experts_elsewhere ? *rest_ : member;
  to.home = member;
  to.shares.assign(division.n_members, {});
  to.shares[member].kv_heads = {0, shape_.kv_heads};
  to.shares[owner].experts = {0, shape_.experts};
  to.shares[owner].ffn = {0, shape_.ffn};
}

// In proportion to the numbers given, otherwise to memory; and where that does not fit, as much as each device takes.
void Divider::place_by_layer(Division& division, uint32_t first, uint32_t cpu_experts_layers) const {
  const bool has_head = division.head_home == sharers_.back();
  const std::vector<uint32_t> cuts = cut(shape_.layers - first, proportions(has_head));
  for (uint32_t i = 0; i < sharers_.size(); ++i) {
    for (uint32_t layer = first + cuts[i]; layer < first + cuts[i + 1]; ++layer) {
      put_whole(division, layer, sharers_[i], layer < cpu_experts_layers);
    }
  }
  if (wishes_.tensor_split.empty() && sharers_.size() > 1 && !fits(devices_, division)) {
    fill(division, first, cpu_experts_layers);
  }
}

void Divider::fill(Division& division, uint32_t first, uint32_t cpu_experts_layers) const {
  const uint32_t last = sharers_.back();
  for (uint32_t layer = first; layer < shape_.layers; ++layer) {
    put_whole(division, layer, last, layer < cpu_experts_layers);
  }
  uint32_t layer = first;
  for (uint32_t i = 0; i + 1 < sharers_.size(); ++i) {
    const uint32_t end = shape_.layers - static_cast<uint32_t>(sharers_.size() - 1 - i);  // the others get one each
    for (const uint32_t begin = layer; layer < end; ++layer) {
      put_whole(division, layer, sharers_[i], layer < cpu_experts_layers);
      if (layer == begin ||
          need_of(devices_[sharers_[i]], division, sharers_[i]).from_disk <= devices_[sharers_[i]].available) {
        continue;
      }
      put_whole(division, layer, last, layer < cpu_experts_layers);
      break;
    }
  }
}

// Experts or columns of every layer; attention by kv heads in a group, otherwise with the first sharer.
void Divider::place_in_parts(Division& division, uint32_t first, uint32_t cpu_experts_layers) const {
  const bool group = can_group();
  if (group) division.homes.push_back({sharers_});
  const auto n = static_cast<uint32_t>(sharers_.size());
  const bool divides_heads = group && shape_.kv_heads >= n;
  const std::vector<uint32_t> cuts = cut(parts(), proportions(division.head_home == sharers_.front()));
  const std::vector<uint32_t> heads = divides_heads ? cut(shape_.kv_heads, std::vector<double>(n, 1)) : cuts;
  for (uint32_t layer = first; layer < shape_.layers; ++layer) {
    const bool experts_elsewhere = layer < cpu_experts_layers;
    put_whole(division, layer, sharers_.front(), experts_elsewhere);
    LayerDivision& to = division.layers[layer];
    if (group) to.home = division.n_members;
    for (uint32_t i = 0; i < n; ++i) {
      Share& share = to.shares[sharers_[i]];
      if (divides_heads) share.kv_heads = {heads[i], heads[i + 1]};
      if (experts_elsewhere) continue;
      const bool by_expert = wishes_.split == GROK1_SPLIT_EXPERT;
      const Range part{cuts[i], cuts[i + 1]};
      const uint32_t end = i + 1 == n ? shape_.ffn : part.end * shape_.ffn_unit;
      share.experts = by_expert ? part : Range{0, shape_.experts};
      share.ffn = by_expert ? Range{0, shape_.ffn} : Range{part.begin * shape_.ffn_unit, end};
    }
  }
}

// Memory that is left for the parts once each has what it cannot share. Never 0: every device named is used.
std::vector<double> Divider::proportions(bool has_head) const {
  if (!wishes_.tensor_split.empty()) return wishes_.tensor_split;
  std::vector<double> all;
  for (const uint32_t i : sharers_) {
    const DeviceBudget& device = devices_[i];
    uint64_t taken = device.scratch;
    if (has_head && i == (by_layer() ? sharers_.back() : sharers_.front())) taken += device.head;
    if (!by_layer() && !can_group() && i == sharers_.front()) {
      taken = std::accumulate(device.attention.begin(), device.attention.end(), taken);
    }
    all.push_back(static_cast<double>(device.available > taken ? device.available - taken : 1));
  }
  return all;
}

void Divider::invite_guests(Division& division) const {
  for (LayerDivision& layer : division.layers) {
    for (uint32_t i = 0; i < division.n_members; ++i) {
      if (layer.shares[i].has_experts() && !division.homes[layer.home].has(i)) layer.guests.push_back(i);
    }
  }
}

}  // namespace

Division divide(const std::vector<DeviceBudget>& devices, const ModelShape& shape, const Wishes& wishes) {
  return Divider(devices, shape, wishes).best();
}

std::vector<uint32_t> busy_members(const Division& division) {
  std::vector<uint32_t> busy;
  for (uint32_t i = 0; i < division.n_members; ++i) {
    const auto involves = [&](const LayerDivision& layer) {
      return division.homes[layer.home].has(i) || layer.shares[i].has_experts();
    };
    if (division.head() == i || std::any_of(division.layers.begin(), division.layers.end(), involves)) {
      busy.push_back(i);
    }
  }
  return busy;
}

Division keep(const Division& division, const std::vector<uint32_t>& members) {
  const auto renumber = [&](std::vector<uint32_t> numbers) {
    for (uint32_t& number : numbers) {
      number = static_cast<uint32_t>(std::find(members.begin(), members.end(), number) - members.begin());
    }
    return numbers;
  };
  Division kept;
  kept.n_members = static_cast<uint32_t>(members.size());
  std::vector<uint32_t> new_home(division.homes.size(), 0);
  for (uint32_t i = 0; i < division.homes.size(); ++i) {
    const std::vector<uint32_t>& home = division.homes[i].members;
    if (std::find(members.begin(), members.end(), home.front()) == members.end()) continue;
    new_home[i] = static_cast<uint32_t>(kept.homes.size());
    kept.homes.push_back({renumber(home)});
  }
  kept.head_home = new_home[division.head_home];
  for (const LayerDivision& layer : division.layers) {
    LayerDivision& to = kept.layers.emplace_back();
    to.home = new_home[layer.home];
    for (const uint32_t member : members) to.shares.push_back(layer.shares[member]);
    to.guests = renumber(layer.guests);
  }
  return kept;
}

}  // namespace grok1
