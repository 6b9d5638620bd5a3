#include "core/runtime/placement.h"

#include <algorithm>
#include <cstring>

#include "core/runtime/session_memory.h"

namespace grok1 {
namespace {

std::string backend_options(const grok1_model_options& options) {
  std::string text = options.backend_options != nullptr ? options.backend_options : "";
  if (options.threads != 0) text += fmt::format("{}threads={}", text.empty() ? "" : ",", options.threads);
  return text;
}

// Devices that may be chosen unasked, accelerators before CPUs.
std::vector<DeviceRef> automatic_devices(const Registry& registry) {
  std::vector<DeviceRef> gpus, others;
  for (size_t i = 0; const DeviceRef* ref = registry.device(i); ++i) {
    if ((ref->backend->flags & GROK1_BACKEND_EXPLICIT_ONLY) != 0) continue;
    (Device::info(*ref).kind == GROK1_DEVICE_CPU ? others : gpus).push_back(*ref);
  }
  gpus.insert(gpus.end(), others.begin(), others.end());
  if (gpus.empty()) {
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
  return gpus;
}

std::vector<DeviceRef> candidates(Runtime& runtime, const grok1_model_options& options) {
  std::string_view wanted = options.devices != nullptr ? options.devices : std::string_view(runtime.default_devices());
  if (wanted.empty()) return automatic_devices(runtime.registry());
  std::vector<DeviceRef> named = runtime.registry().resolve(wanted);
  if (named.size() != 1) {
    fail(GROK1_E_UNSUPPORTED,
         "devices: one device wanted, found {} in \"{}\"; this version places a model on one device", named.size(),
         wanted);
  }
  return named;
}

// A backend is asked before it is given anything: the encodings of all tensors and the cache's type.
void require_support(const Device& device, const TensorSource& source, const Limits& limits) {
  const auto ask = [&](uint32_t what, uint32_t a, uint32_t b, uint32_t c) {
    call(device.ops().supports, device.get(), what, a, b, c);
  };
  for (const Tensor& tensor : source.tensors()) {
    if (tensor.role == TensorRole::kEmbedding) {
      ask(GROK1_SUPPORT_EMBEDDING, tensor.encoding, 0, 0);
    } else if (tensor.rank == 1) {
      ask(GROK1_SUPPORT_VECTOR, tensor.encoding, 0, 0);
    } else {
      ask(GROK1_SUPPORT_LINEAR, tensor.encoding, tensor.scale_encoding,
          tensor.transposed ? GROK1_ORDER_NK : GROK1_ORDER_KN);
    }
  }
  ask(GROK1_SUPPORT_CACHE, limits.cache_type, 0, 0);
}

// Weights that one token of one sequence reads: everything but the embedding's other rows and the unused experts.
uint64_t bytes_per_token(const Config& config, const WeightBytes& weights) {
  return weights.all - weights.experts + weights.experts / config.experts * config.experts_used;
}

grok1_plan make_plan(const Device& device, const TensorSource& source, const Limits& limits) {
  const WeightBytes weights = plan_weights(device, source);
  const grok1_model_desc model = describe(source.config());
  const SessionMemory::Bytes session = SessionMemory::plan(device, model, limits);
  grok1_plan plan = GROK1_INIT(grok1_plan);
  std::strncpy(plan.devices, device.name().c_str(), sizeof plan.devices - 1);
  plan.weight_bytes = weights.all;
  plan.expert_bytes = weights.experts;
  plan.bytes_per_token = bytes_per_token(source.config(), weights);
  plan.kv_bytes = session.kv;
  plan.scratch_bytes = session.scratch + weights.scratch;
  const uint64_t beside_weights = plan.kv_bytes + plan.scratch_bytes;
  plan.needed_in_memory = weights.all + beside_weights;
  plan.needed_from_disk = weights.experts_in_place ? weights.all - weights.experts + beside_weights : 0;
  plan.available = device.info().memory_free;
  if (plan.needed_in_memory <= plan.available) {
    plan.residency = GROK1_RESIDENCY_IN_MEMORY;
  } else if (plan.needed_from_disk != 0 && plan.needed_from_disk <= plan.available) {
    plan.residency = GROK1_RESIDENCY_FROM_DISK;
  }
  plan.context_tokens = limits.context_tokens;
  plan.max_sequences = limits.max_sequences;
  plan.max_batch_tokens = limits.max_batch_tokens;
  plan.max_logit_rows = limits.max_logit_rows;
  plan.cache_type = limits.cache_type;
  return plan;
}

std::string gibibytes(uint64_t bytes) {
  return fmt::format("{:.1f} GiB", static_cast<double>(bytes) / (1u << 30));
}

}  // namespace

Placement place_model(Runtime& runtime, const TensorSource& source, const grok1_model_options& options) {
  Placement placement{resolve_limits(options, source.config()), nullptr, GROK1_INIT(grok1_plan)};
  for (const DeviceRef& ref : candidates(runtime, options)) {
    placement.device = std::make_shared<Device>(ref, backend_options(options));
    require_support(*placement.device, source, placement.limits);
    placement.plan = make_plan(*placement.device, source, placement.limits);
    if (placement.plan.residency != GROK1_RESIDENCY_NONE) break;
  }
  return placement;
}

void require_fit(const Placement& placement) {
  const grok1_plan& plan = placement.plan;
  if (plan.residency != GROK1_RESIDENCY_NONE) return;
  const uint64_t least = plan.needed_from_disk != 0 ? plan.needed_from_disk : plan.needed_in_memory;
  fail(GROK1_E_DOES_NOT_FIT,
       "{}: {} wanted at least ({} of weights, {} of KV cache for {} x {} tokens, {} of scratch), {} free; choose a "
       "smaller context or fewer sequences, or another device",
       plan.devices, gibibytes(least), gibibytes(least - plan.kv_bytes - plan.scratch_bytes), gibibytes(plan.kv_bytes),
       plan.max_sequences, plan.context_tokens, gibibytes(plan.scratch_bytes), gibibytes(plan.available));
}

}  // namespace grok1
