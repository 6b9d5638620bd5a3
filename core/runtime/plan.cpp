#include "core/runtime/plan.h"

#include <fmt/ranges.h>

#include <cstring>
#include <map>

#include "core/base/encoding.h"
#include "core/runtime/session_memory.h"

namespace grok1 {
namespace {

template <size_t kSize>
void copy_text(char (&to)[kSize], const std::string& text) {
  std::strncpy(to, text.c_str(), kSize - 1);
}

// Devices with one memory have one number: all CPUs, and a device that was opened twice. It is the place of the first.
uint32_t pool_of(const Devices& devices, size_t index) {
  const auto same = [&](const std::shared_ptr<Device>& other) {
    const DeviceRef &a = devices[index]->ref(), &b = other->ref();
    return (a.backend == b.backend && a.index == b.index) ||
           (devices[index]->info().kind == GROK1_DEVICE_CPU && other->info().kind == GROK1_DEVICE_CPU);
  };
  return static_cast<uint32_t>(std::find_if(devices.begin(), devices.end(), same) - devices.begin());
}

// Devices that can form a group have one number above 0: different devices of a backend that offers sums.
uint32_t backend_of(const Devices& devices, size_t index) {
  const DeviceRef& ref = devices[index]->ref();
  if (devices[index]->comm_ops() == nullptr) return 0;
  uint32_t first = 0;
  for (uint32_t i = 0; i < devices.size(); ++i) {
    if (devices[i]->ref().backend != ref.backend) continue;
    if (i != index && devices[i]->ref().index == ref.index) return 0;
    if (first == 0) first = i + 1;
  }
  return first;
}

// One member with everything, in a model of `n_members`.
Division all_on_first(const Config& config, uint32_t n_members) {
  Division division;
  division.n_members = n_members;
  division.homes = {{{0}}};
  const Share whole{{0, config.kv_heads}, {0, config.experts}, {0, config.ffn}};
  division.layers.assign(config.layers, {0, {whole}, {}});
  return division;
}

void add_weights(DeviceBudget& budget, const Device& device, const TensorSource& source, uint32_t how) {
  const uint32_t layers = source.config().layers;
  budget.norms.assign(layers, 0);
  budget.attention.assign(layers, 0);
  budget.experts.assign(layers, 0);
  budget.maps_experts = true;
  uint64_t load_scratch = 0;
  for (const Tensor& tensor : source.tensors()) {
    const WeightBytes bytes = plan_tensor(device, tensor, how);
    load_scratch = std::max(load_scratch, bytes.scratch);
    budget.maps_experts = budget.maps_experts && bytes.mapped_experts == bytes.experts;
    switch (tensor.role) {
      case TensorRole::kEmbedding:
      case TensorRole::kHead:
      case TensorRole::kFinalNorm: budget.head += bytes.all; break;
      case TensorRole::kQuery:
      case TensorRole::kKey:
      case TensorRole::kValue:
      case TensorRole::kAttentionOut: budget.attention[tensor.layer] += bytes.all; break;
      case TensorRole::kGate:
      case TensorRole::kUp:
      case TensorRole::kDown: budget.experts[tensor.layer] += bytes.all; break;
      default: budget.norms[tensor.layer] += bytes.all;
    }
  }
  budget.scratch += load_scratch;
}

DeviceBudget measure_one(const Device& device, size_t n_devices, const TensorSource& source, const Limits& limits,
                         uint32_t how) {
  const Config& config = source.config();
  const Division whole = all_on_first(config, static_cast<uint32_t>(n_devices));
  const MemoryBytes memory = MemberMemory::plan(device, describe(config), whole, 0, limits);
  DeviceBudget budget;
  const grok1_backend_device info = device.info();
  budget.available = info.memory_free;
  budget.is_cpu = info.kind == GROK1_DEVICE_CPU;
  budget.scratch = memory.scratch;
  budget.head = uint64_t{limits.max_logit_rows} * config.vocab_size * sizeof(float);
  add_weights(budget, device, source, how);
  for (uint64_t& bytes : budget.attention) bytes += (memory.kv + config.layers - 1) / config.layers;
  return budget;
}

grok1_plan_device plan_row(const Device& device, const TensorSource& source, const Division& division, uint32_t member,
                           const Limits& limits, uint32_t how) {
  const WeightBytes weights = plan_weights(device, source, division, member, how);
  const MemoryBytes memory = SessionMemory::plan(device, describe(source.config()), division, member, limits);
  const grok1_backend_device info = device.info();
  grok1_plan_device row = GROK1_INIT(grok1_plan_device);
  copy_text(row.name, device.name());
  row.weight_bytes = weights.all;
  row.expert_bytes = weights.experts;
  row.kv_bytes = memory.kv;
  row.scratch_bytes = memory.scratch + weights.scratch;
  row.needed_in_memory = weights.all + row.kv_bytes + row.scratch_bytes;
  const bool maps = weights.experts != 0 && weights.mapped_experts == weights.experts;
  row.needed_from_disk = maps ? row.needed_in_memory - weights.experts : 0;
  row.available = info.memory_free;
  row.kind = info.kind;
  row.has_head = division.head() == member ? 1 : 0;
  return row;
}

void widen(uint32_t& begin, uint32_t& end, uint32_t layer) {
  if (begin == end) begin = layer;
  end = layer + 1;
}

// Layers of one member follow each other, and its ranges are the same in all of them: so divide() makes them.
void name_ranges(grok1_plan_device& row, const Division& division, uint32_t member) {
  for (uint32_t i = 0; i < division.layers.size(); ++i) {
    const Share& share = division.share(i, member);
    const Home& home = division.home(i);
    if (home.is_group() && home.has(member)) row.in_group = 1;
    if (share.attends()) {
      widen(row.attention_layer_begin, row.attention_layer_end, i);
      row.kv_head_begin = share.kv_heads.begin;
      row.kv_head_end = share.kv_heads.end;
    }
    if (share.has_experts()) {
      widen(row.expert_layer_begin, row.expert_layer_end, i);
      row.expert_begin = share.experts.begin;
      row.expert_end = share.experts.end;
      row.ffn_begin = share.ffn.begin;
      row.ffn_end = share.ffn.end;
    }
  }
}

uint64_t least(const grok1_plan_device& row) {
  return row.needed_from_disk != 0 ? row.needed_from_disk : row.needed_in_memory;
}

void judge(std::vector<grok1_plan_device>& rows, const Devices& devices) {
  std::map<uint32_t, uint64_t> in_memory, at_least;
  for (uint32_t i = 0; i < rows.size(); ++i) {
    in_memory[pool_of(devices, i)] += rows[i].needed_in_memory;
    at_least[pool_of(devices, i)] += least(rows[i]);
  }
  for (uint32_t i = 0; i < rows.size(); ++i) {
    const uint32_t pool = pool_of(devices, i);
    if (in_memory[pool] <= rows[i].available ||
        (at_least[pool] <= rows[i].available && rows[i].needed_from_disk == 0)) {
      rows[i].residency = GROK1_RESIDENCY_IN_MEMORY;
    } else if (at_least[pool] <= rows[i].available) {
      rows[i].residency = GROK1_RESIDENCY_FROM_DISK;
    }
  }
}

uint32_t residency_of(const std::vector<grok1_plan_device>& rows) {
  uint32_t residency = GROK1_RESIDENCY_IN_MEMORY;
  for (const grok1_plan_device& row : rows) {
    if (row.residency == GROK1_RESIDENCY_NONE) return GROK1_RESIDENCY_NONE;
    residency = std::max(residency, row.residency);
  }
  return residency;
}

std::string range_text(const char* what, uint32_t begin, uint32_t end) {
  return end - begin == 1 ? fmt::format("{} {}", what, begin) : fmt::format("{}s {}-{}", what, begin, end - 1);
}

std::string part_text(const grok1_plan_device& row, const Config& config) {
  std::vector<std::string> parts;
  if (row.attention_layer_begin != row.attention_layer_end) {
    std::string part = "attention of " + range_text("layer", row.attention_layer_begin, row.attention_layer_end);
    if (row.kv_head_end - row.kv_head_begin != config.kv_heads)
      part += " (" + range_text("kv head", row.kv_head_begin, row.kv_head_end) + ")";
    parts.push_back(part);
  }
  if (row.expert_layer_begin != row.expert_layer_end) {
    std::string part = range_text("expert", row.expert_begin, row.expert_end);
    if (row.ffn_end - row.ffn_begin != config.ffn)
      part += " (" + range_text("column", row.ffn_begin, row.ffn_end) + ")";
    parts.push_back(part + " of " + range_text("layer", row.expert_layer_begin, row.expert_layer_end));
  }
  if (row.has_head != 0) parts.emplace_back("embedding and head");
  return fmt::format("{}", fmt::join(parts, ", "));
}

}  // namespace

std::vector<DeviceBudget> measure(const Devices& devices, const TensorSource& source, const Limits& limits,
                                  uint32_t how) {
  std::vector<DeviceBudget> budgets;
  for (size_t i = 0; i < devices.size(); ++i) {
    budgets.push_back(measure_one(*devices[i], devices.size(), source, limits, how));
    budgets[i].pool = pool_of(devices, i);
    budgets[i].backend = backend_of(devices, i);
  }
  return budgets;
}

// Columns are cut between blocks where they are encoded in blocks. They are best cut between scale groups, otherwise
// between the 256 inputs that may share a scale of a backend's own.
ModelShape shape_of(const TensorSource& source, size_t n_devices) {
  const Config& config = source.config();
  ModelShape shape{config.layers, config.kv_heads, config.experts, config.ffn, 1};
  const Tensor& down = source.find(TensorRole::kDown);
  const uint32_t groups = down.scale_groups(),
                 block = static_cast<uint32_t>(encoding_shape(down.values.encoding).elements);
  for (const uint32_t unit : {groups != 0 ? config.ffn / groups : 256u, 256u, 128u, 64u, 32u}) {
    if (config.ffn / unit < n_devices || unit % block != 0) continue;
    shape.ffn_unit = unit;
    break;
  }
  return shape;
}

std::vector<grok1_plan_device> plan_rows(const Devices& devices, const TensorSource& source, const Division& division,
                                         const Limits& limits, uint32_t how) {
  std::vector<grok1_plan_device> rows;
  for (uint32_t i = 0; i < devices.size(); ++i) {
    rows.push_back(plan_row(*devices[i], source, division, i, limits, how));
    name_ranges(rows[i], division, i);
    copy_text(rows[i].part, part_text(rows[i], source.config()));
  }
  judge(rows, devices);
  return rows;
}

grok1_plan plan_of(const Devices& devices, const std::vector<grok1_plan_device>& rows, const TensorSource& source,
                   const Limits& limits, uint32_t split, uint32_t how) {
  grok1_plan plan = GROK1_INIT(grok1_plan);
  copy_text(plan.devices, names_of(rows));
  bool maps = false;
  for (uint32_t i = 0; i < rows.size(); ++i) {
    plan.weight_bytes += rows[i].weight_bytes;
    plan.expert_bytes += rows[i].expert_bytes;
    plan.kv_bytes += rows[i].kv_bytes;
    plan.scratch_bytes += rows[i].scratch_bytes;
    plan.needed_in_memory += rows[i].needed_in_memory;
    plan.needed_from_disk += least(rows[i]);
    maps = maps || rows[i].needed_from_disk != 0;
    if (pool_of(devices, i) == i) plan.available += rows[i].available;
  }
  if (!maps) plan.needed_from_disk = 0;
  // Everything but the embedding's other rows and the unused experts.
  const Config& config = source.config();
  plan.bytes_per_token =
      plan.weight_bytes - plan.expert_bytes + plan.expert_bytes / config.experts * config.experts_used;
  plan.residency = residency_of(rows);
  plan.context_tokens = limits.context_tokens;
  plan.max_sequences = limits.max_sequences;
  plan.max_batch_tokens = limits.max_batch_tokens;
  plan.max_logit_rows = limits.max_logit_rows;
  plan.cache_type = limits.cache_type;
  plan.n_devices = static_cast<uint32_t>(rows.size());
  plan.split = split;
  plan.weights = how;
  return plan;
}

std::string describe(const grok1_plan_device& row) {
  return fmt::format("{}: {}; weights {}, KV cache {}, scratch {}; {} free", row.name, row.part,
                     memory_size(row.weight_bytes), memory_size(row.kv_bytes), memory_size(row.scratch_bytes),
                     memory_size(row.available));
}

std::string memory_size(uint64_t bytes) {
  double size = static_cast<double>(bytes) / 1024;
  for (const char* unit : {"KiB", "MiB"}) {
    if (size < 1024) return fmt::format("{:.1f} {}", size, unit);
    size /= 1024;
  }
  return fmt::format("{:.1f} GiB", size);
}

std::string names_of(const std::vector<grok1_plan_device>& rows) {
  std::vector<std::string> names;
  for (const grok1_plan_device& row : rows) names.push_back(row.name);
  return fmt::format("{}", fmt::join(names, ","));
}

}  // namespace grok1
