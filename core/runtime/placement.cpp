#include "core/runtime/placement.h"

#include <algorithm>

#include "core/runtime/divide.h"
#include "core/runtime/wishes.h"

namespace grok1 {
namespace {

using Refs = std::vector<DeviceRef>;

bool is_cpu(const DeviceRef& ref) {
  return Device::info(ref).kind == GROK1_DEVICE_CPU;
}

// Devices that may be chosen unasked.
struct Automatic {
  std::vector<Refs> accelerators;  // by backend
  Refs cpus;
};

Automatic automatic_devices(const Registry& registry) {
  Automatic found;
  for (size_t i = 0; const DeviceRef* ref = registry.device(i); ++i) {
    if ((ref->backend->flags & GROK1_BACKEND_EXPLICIT_ONLY) != 0) continue;
    if (is_cpu(*ref)) {
      found.cpus.push_back(*ref);
    } else if (!found.accelerators.empty() && found.accelerators.back().front().backend == ref->backend) {
      found.accelerators.back().push_back(*ref);
    } else {
      found.accelerators.push_back({*ref});
    }
  }
  return found;
}

[[noreturn]] void fail_without_devices(const Registry& registry) {
  std::string reasons;
  for (size_t i = 0; const LoadEntry* entry = registry.entry(i); ++i) {
    if (entry->state == GROK1_LOAD_LOADED) continue;
    reasons += fmt::format("; {}: {} {}", entry->path, load_state_name(entry->state), entry->reason);
  }
  fail(GROK1_E_NO_BACKEND,
       "a backend with a device is wanted, none was found; put libgrok1_cpu.so into the directory grok1/ beside "
       "libgrok1.so or set GROK1_BACKEND_PATH{}",
       reasons);
}

// A list of devices to try, and what is wished of it.
struct Candidate {
  Refs devices;
  Wishes wishes;
};

DeviceRef automatic_cpu(const Registry& registry) {
  const Automatic automatic = automatic_devices(registry);
  if (automatic.cpus.empty()) {
    fail(GROK1_E_NO_BACKEND, "gpu_layers, cpu_experts_layers: a CPU for the rest is wanted, no backend offers one");
  }
  return automatic.cpus.front();
}

Refs joined(Refs devices, const Refs& more) {
  if (!more.empty()) devices.push_back(more.front());
  return devices;
}

Candidate named_candidate(Registry& registry, std::string_view names, Wishes wishes, const Config& config) {
  Refs devices = registry.resolve(names);
  const bool has_cpu = std::any_of(devices.begin(), devices.end(), is_cpu);
  if (!has_cpu && want_cpu(wishes, config)) devices.push_back(automatic_cpu(registry));
  if (wishes.gpu_layers == 0u) {  // none: the CPU has all
    const auto last = std::find_if(devices.rbegin(), devices.rend(), is_cpu);
    return {{*last}, {}};
  }
  return {std::move(devices), std::move(wishes)};
}

std::vector<Candidate> automatic_candidates(Runtime& runtime, const Wishes& wishes, const Config& config) {
  const Automatic found = automatic_devices(runtime.registry());
  if (found.accelerators.empty() && found.cpus.empty()) fail_without_devices(runtime.registry());
  std::vector<Candidate> candidates;
  const bool divides = wishes.split != GROK1_SPLIT_LAYER || !wishes.tensor_split.empty();
  const bool leaves_some = want_cpu(wishes, config);
  if (wishes.gpu_layers != 0u) {
    for (const Refs& backend : found.accelerators) {
      for (size_t i = 0; i < backend.size() && !leaves_some && (!divides || backend.size() == 1); ++i) {
        candidates.push_back({{backend[i]}, wishes});
      }
    }
    for (const Refs& backend : found.accelerators) {
      if (backend.size() > 1 && !leaves_some) candidates.push_back({backend, wishes});
    }
    for (const Refs& backend : found.accelerators) {
      Wishes with_cpu = wishes;
      with_cpu.all_attention = !wishes.gpu_layers;
      if (!found.cpus.empty()) candidates.push_back({joined(backend, found.cpus), with_cpu});
    }
    if (wishes.gpu_layers && !candidates.empty()) return candidates;
    if (found.accelerators.empty() && (wishes.gpu_layers || leaves_some)) {
      runtime.log().warn("gpu_layers, cpu_experts_layers: there is no accelerator, the CPU has all layers");
    }
  }
  for (const DeviceRef& cpu : found.cpus) candidates.push_back({{cpu}, {}});
  return candidates;
}

// A backend is asked before it is given anything: the encodings of all tensors and the cache's type.
void require_support(const Device& device, const TensorSource& source, const Limits& limits) {
  const auto ask = [&](uint32_t what, uint32_t a, uint32_t b, uint32_t c) {
    device.call(device.ops().supports, device.get(), what, a, b, c);
  };
  for (const Tensor& tensor : source.tensors()) {
    const uint32_t encoding = tensor.values.encoding;
    if (tensor.role == TensorRole::kEmbedding || tensor.role == TensorRole::kHead) {
      ask(GROK1_SUPPORT_EMBEDDING, encoding, 0, 0);
    } else if (tensor.values.rank == 1) {
      ask(GROK1_SUPPORT_VECTOR, encoding, 0, 0);
    } else {
      ask(GROK1_SUPPORT_LINEAR, encoding, tensor.scales.encoding, tensor.transposed ? GROK1_ORDER_NK : GROK1_ORDER_KN);
    }
  }
  ask(GROK1_SUPPORT_CACHE, limits.cache_type, 0, 0);
}

Placement place_on(const Devices& devices, const Wishes& wishes, const TensorSource& source, const Limits& limits,
                   uint32_t how) {
  const Division division = divide(measure(devices, source, limits, how), shape_of(source, devices.size()), wishes);
  Placement placement{limits, {}, {}, {}, GROK1_INIT(grok1_plan), devices, wishes};
  const std::vector<uint32_t> busy = busy_members(division);
  for (const uint32_t member : busy) placement.devices.push_back(devices[member]);
  placement.division = keep(division, busy);
  placement.rows = plan_rows(placement.devices, source, placement.division, limits, how);
  placement.plan = plan_of(placement.devices, placement.rows, source, limits, wishes.split, how);
  return placement;
}

bool prefer_copy(const Devices& devices) {
  return std::any_of(devices.begin(), devices.end(), [](const std::shared_ptr<Device>& device) {
    return (device->info().flags & GROK1_DEVICE_PREFERS_COPY) != 0;
  });
}

// In one way for all devices: never the same file in memory of a device's own and, for another, in the page cache.
Placement place_on(const Candidate& candidate, const TensorSource& source, const Limits& limits, uint32_t how,
                   const std::string& options) {
  Devices devices;
  for (const DeviceRef& ref : candidate.devices) {
    devices.push_back(std::make_shared<Device>(ref, options));
    require_support(*devices.back(), source, limits);
  }
  if (how == GROK1_WEIGHTS_DEFAULT && prefer_copy(devices)) {
    Placement placement = place_on(devices, candidate.wishes, source, limits, GROK1_WEIGHTS_READ);
    if (prefer_copy(placement.devices) && placement.plan.residency == GROK1_RESIDENCY_IN_MEMORY) return placement;
  }
  return place_on(devices, candidate.wishes, source, limits,
                  how == GROK1_WEIGHTS_READ ? how : uint32_t{GROK1_WEIGHTS_MAPPED});
}

// Like that placement, but for another context.
grok1_plan plan_with_context(const Placement& placement, const TensorSource& source, uint32_t context_tokens) {
  Limits limits = placement.limits;
  limits.context_tokens = context_tokens;
  return place_on(placement.candidates, placement.wishes, source, limits, placement.plan.weights).plan;
}

// How much of a wish a residency is: all in memory, experts on disk, nothing.
int rank_of(uint32_t residency) {
  return residency == GROK1_RESIDENCY_IN_MEMORY ? 2 : residency == GROK1_RESIDENCY_FROM_DISK ? 1 : 0;
}

}  // namespace

Placement place_model(Runtime& runtime, const TensorSource& source, const grok1_model_options& options) {
  const Limits limits = resolve_limits(options, source.config());
  const Wishes wishes = read_wishes(options);
  const uint32_t how = weights_wish(options);
  const std::string for_backends = backend_options(options);
  const std::string_view names =
      options.devices != nullptr ? options.devices : std::string_view(runtime.default_devices());
  if (!names.empty()) {
    return place_on(named_candidate(runtime.registry(), names, wishes, source.config()), source, limits, how,
                    for_backends);
  }
  const std::vector<Candidate> candidates = automatic_candidates(runtime, wishes, source.config());
  for (size_t i = 0; i + 1 < candidates.size(); ++i) {
    try {
      Placement placement = place_on(candidates[i], source, limits, how, for_backends);
      if (placement.plan.residency != GROK1_RESIDENCY_NONE) return placement;
      runtime.log().info("{}: the model does not fit", placement.plan.devices);
    } catch (const Failure& failure) {
      runtime.log().info("not used: {}", failure.message());
    }
  }
  return place_on(candidates.back(), source, limits, how, for_backends);
}

void measure_context(Placement& placement, const TensorSource& source) {
  const uint32_t page = placement.limits.page_tokens, context = source.config().context;
  // As many as the model's context has, and as a pool can number: see Limits::n_pages.
  const uint32_t pages = std::min((context + page - 1) / page, UINT32_MAX / placement.limits.max_sequences - 1);
  const auto plan_of = [&](uint32_t n_pages) {
    return plan_with_context(placement, source, std::min(context, n_pages * page));
  };
  const grok1_plan least = plan_with_context(placement, source, page),
                   more = plan_with_context(placement, source, 2 * page);
  placement.plan.kv_bytes_per_token = (more.kv_bytes - least.kv_bytes) / page / placement.limits.max_sequences;
  const int wanted = rank_of(least.residency);
  if (wanted == 0) return;
  uint32_t fits = 1, too_many = pages + 1;  // pages; the most that fit are in fits .. too_many - 1
  if (rank_of(plan_of(pages).residency) >= wanted) fits = pages;
  while (too_many - fits > 1 && fits != pages) {
    const uint32_t middle = fits + (too_many - fits) / 2;
    (rank_of(plan_of(middle).residency) >= wanted ? fits : too_many) = middle;
  }
  placement.plan.max_context_tokens = std::min(context, fits * page);
}

void require_fit(const Placement& placement) {
  if (placement.plan.residency != GROK1_RESIDENCY_NONE) return;
  std::string figures;
  for (const grok1_plan_device& row : placement.rows) {
    const uint64_t least = row.needed_from_disk != 0 ? row.needed_from_disk : row.needed_in_memory;
    figures += fmt::format(
        "{}{}: {} wanted at least ({} of weights, {} of KV cache for {} x {} tokens, {} of scratch), "
        "{} free",
        figures.empty() ? "" : "; ", row.name, memory_size(least),
        memory_size(least - row.kv_bytes - row.scratch_bytes), memory_size(row.kv_bytes), placement.plan.max_sequences,
        placement.plan.context_tokens, memory_size(row.scratch_bytes), memory_size(row.available));
  }
  fail(GROK1_E_DOES_NOT_FIT, "{}; choose a smaller context or fewer sequences, {}another device", figures,
       placement.rows.size() > 1 ? "fewer gpu_layers, more cpu_experts_layers, or " : "or ");
}

}  // namespace grok1
