// Weights come in: a description is checked and planned, then the rows of each chunk go through pinned memory to the
// device, several copies in flight, and are packed there.
#include "backends/gpu/weights.h"

#include <cstdio>
#include <cstring>
#include <memory>

#include "backends/gpu/queue.h"
#include "backends/gpu/table.h"

namespace grok1::accel {
namespace {

using Number = unsigned long long;  // what %llu prints

constexpr uint64_t kMost = uint64_t{1} << 30;  // inputs or outputs of a matrix: indices are 32 bits wide

bool is_i8(const grok1_weight_desc& desc) {
  return desc.encoding == GROK1_ENCODING_I8;
}

void check_encoding(const grok1_weight_desc& desc) {
  const bool known = element_of_encoding(desc.encoding).has_value();
  if (!known || (is_i8(desc) && desc.kind == GROK1_WEIGHT_VECTOR))
    refuse(GROK1_E_UNSUPPORTED, "encoding %u of kind %u: the GPU takes F32, F16, BF16, and I8 for linear weights",
           desc.encoding, desc.kind);
  if (!is_i8(desc)) {
    if (desc.scale_encoding != GROK1_ENCODING_NONE || desc.groups != 0)
      refuse(GROK1_E_INVALID_ARGUMENT,
             "encoding %u has no scales: wanted scale_encoding 0 and groups 0, found %u and %u", desc.encoding,
             desc.scale_encoding, desc.groups);
    return;
  }
  if (desc.scale_encoding != GROK1_ENCODING_BF16 && desc.scale_encoding != GROK1_ENCODING_F32)
    refuse(GROK1_E_UNSUPPORTED, "scale encoding %u: the GPU takes BF16 and F32", desc.scale_encoding);
  if (desc.order != GROK1_ORDER_KN) refuse(GROK1_E_UNSUPPORTED, "I8 in order %u: wanted GROK1_ORDER_KN", desc.order);
  if (desc.groups == 0 || desc.k % desc.groups != 0)
    refuse(GROK1_E_INVALID_ARGUMENT, "%u scale groups do not divide k = %llu", desc.groups, Number{desc.k});
}

void check(const grok1_weight_desc& desc) {
  if (desc.kind != GROK1_WEIGHT_LINEAR && desc.kind != GROK1_WEIGHT_VECTOR)
    refuse(GROK1_E_INVALID_ARGUMENT, "kind is %u: wanted GROK1_WEIGHT_LINEAR (1) or GROK1_WEIGHT_VECTOR (2)",
           desc.kind);
  if (desc.order != GROK1_ORDER_KN && desc.order != GROK1_ORDER_NK)
    refuse(GROK1_E_INVALID_ARGUMENT, "order is %u: wanted GROK1_ORDER_KN (1) or GROK1_ORDER_NK (2)", desc.order);
  check_range("expert", desc.expert_begin, desc.expert_end, desc.experts);
  check_range("k", desc.k_begin, desc.k_end, desc.k);
  check_range("n", desc.n_begin, desc.n_end, desc.n);
  if (desc.k > kMost || desc.n > kMost)
    refuse(GROK1_E_UNSUPPORTED, "k = %llu, n = %llu: the GPU takes at most 2^30 each", Number{desc.k}, Number{desc.n});
  if (desc.kind == GROK1_WEIGHT_VECTOR && (desc.n != 1 || desc.experts != 1))
    refuse(GROK1_E_INVALID_ARGUMENT, "a vector with n = %llu and %u experts: wanted 1 and 1", Number{desc.n},
           desc.experts);
  check_encoding(desc);
}

uint64_t group_size(const grok1_weight_desc& desc) {
  return is_i8(desc) ? desc.k / desc.groups : desc.k;
}

// How the slice's K is cut: groups begin where those of the whole tensor do.
Split split_of(const grok1_weight_desc& desc) {
  const auto k = static_cast<uint32_t>(desc.k_end - desc.k_begin);
  if (!is_i8(desc)) return whole(k);
  const uint64_t size = group_size(desc), groups = (desc.k_end - 1) / size - desc.k_begin / size + 1;
  const uint64_t first = std::min(size - desc.k_begin % size, desc.k_end - desc.k_begin);
  const uint64_t width = (size + kTileK - 1) / kTileK * kTileK;
  if (groups * width > most_places(desc.k))
    refuse(GROK1_E_UNSUPPORTED,
           "%u scale groups on k = %llu: with padding to %u inputs they take %llu, at most %llu wanted", desc.groups,
           Number{desc.k}, kTileK, Number{groups * width}, Number{most_places(desc.k)});
  return {k, static_cast<uint32_t>(first), static_cast<uint32_t>(size), static_cast<uint32_t>(width),
          static_cast<uint32_t>(groups)};
}

uint64_t scale_bytes(const grok1_weight_desc& desc, const Matrix& m) {
  if (!is_i8(desc)) return 0;
  return size_product({m.experts, m.split.groups, m.tiles_n(), kTileN, sizeof(float)});
}

uint64_t value_bytes(const grok1_weight_desc& desc, const Matrix& m) {
  if (desc.kind == GROK1_WEIGHT_VECTOR) return (desc.k_end - desc.k_begin) * bytes_of(m.element);
  return size_product({m.experts, m.expert_bytes});
}

Matrix matrix_of(const grok1_weight_desc& desc) {
  Matrix m{};
  m.element = *element_of_encoding(desc.encoding);
  m.experts = desc.expert_end - desc.expert_begin;
  m.n = static_cast<uint32_t>(desc.n_end - desc.n_begin);
  m.split = split_of(desc);
  m.expert_bytes = size_product({m.tiles_n(), m.split.padded() / kTileK, m.tile_bytes()});
  return m;
}

Received awaited(const grok1_weight_desc& d) {
  const bool kn = d.order == GROK1_ORDER_KN;
  const uint64_t begin = kn ? d.k_begin : d.n_begin, end = kn ? d.k_end : d.n_end;
  const uint64_t inner = kn ? d.n_end - d.n_begin : d.k_end - d.k_begin;
  const uint64_t experts = d.expert_end - d.expert_begin;
  return {experts,
          end - begin,
          begin,
          inner,
          inner * bytes_of(*element_of_encoding(d.encoding)),
          std::vector<bool>(size_product({experts, end - begin}), false)};
}

Received awaited_scales(const grok1_weight_desc& d) {
  if (!is_i8(d)) return {};
  const uint64_t size = group_size(d), begin = d.k_begin / size, end = (d.k_end - 1) / size + 1;
  const uint64_t experts = d.expert_end - d.expert_begin, n = d.n_end - d.n_begin;
  return {experts,
          end - begin,
          begin,
          n,
          n * bytes_of(*element_of_encoding(d.scale_encoding)),
          std::vector<bool>(size_product({experts, end - begin}), false)};
}

void check_chunk(const grok1_weight_desc& desc, const Received& to, const grok1_weight_chunk& chunk) {
  if (chunk.expert < desc.expert_begin || chunk.expert >= desc.expert_end || chunk.outer_begin < to.outer_begin ||
      chunk.outer_begin >= chunk.outer_end || chunk.outer_end > to.outer_begin + to.outer)
    refuse(GROK1_E_INVALID_ARGUMENT,
           "chunk of expert %u, outer %llu .. %llu: the slice has experts %u .. %u, outer %llu .. %llu", chunk.expert,
           Number{chunk.outer_begin}, Number{chunk.outer_end}, desc.expert_begin, desc.expert_end,
           Number{to.outer_begin}, Number{to.outer_begin + to.outer});
  if (chunk.outer_end - chunk.outer_begin > 1 && chunk.row_bytes < to.inner_bytes)
    refuse(GROK1_E_INVALID_ARGUMENT, "row_bytes is %llu, a row of the slice has %llu", Number{chunk.row_bytes},
           Number{to.inner_bytes});
  const uint64_t first = (chunk.expert - desc.expert_begin) * to.outer + chunk.outer_begin - to.outer_begin;
  for (uint64_t i = 0; i < chunk.outer_end - chunk.outer_begin; ++i)
    if (to.rows[first + i])
      refuse(GROK1_E_INVALID_ARGUMENT, "chunk of expert %u: outer %llu came before", chunk.expert,
             Number{chunk.outer_begin + i});
}

// Rows of a chunk that are in a slot, on their way to their place.
void place_rows(Weight& weight, Queue& queue, const Slot& slot, const grok1_weight_chunk& chunk, uint64_t outer,
                uint64_t count) {
  const uint32_t expert = chunk.expert - weight.desc.expert_begin;
  const Kernels& kernels = weight.device->kernels;
  const auto begin = static_cast<uint32_t>(outer), n = static_cast<uint32_t>(count);
  if (weight.desc.kind == GROK1_WEIGHT_VECTOR) {
    const uint64_t bytes = bytes_of(weight.element);
    gpu::copy_to_device(weight.memory.data() + outer * bytes, slot.host.data(), count * bytes, queue.stream);
    return;
  }
  const uint64_t bytes = count * (chunk.scales != 0 ? weight.scales : weight.values).inner_bytes;
  gpu::copy_to_device(slot.device.data(), slot.host.data(), bytes, queue.stream);
  if (chunk.scales != 0) {
    float* scales = const_cast<float*>(weight.matrix.scales) + weight.matrix.scale_at(expert, 0, 0);
    kernels.pack_scales(
        {slot.device.data(), scales, begin, n, weight.desc.scale_encoding == GROK1_ENCODING_BF16, weight.matrix},
        queue.stream);
  } else {
    kernels.pack({slot.device.data(), weight.memory.data() + expert * weight.matrix.expert_bytes, begin, n,
                  static_cast<uint32_t>(weight.values.inner), weight.desc.order == GROK1_ORDER_NK, weight.matrix},
                 queue.stream);
  }
}

void receive(Weight& weight, Queue& queue, const grok1_weight_chunk& chunk) {
  Received& to = chunk.scales != 0 ? weight.scales : weight.values;
  check_chunk(weight.desc, to, chunk);
  if (!weight.cleared) gpu::fill(weight.memory.data(), 0, weight.memory.size(), queue.stream);
  weight.cleared = true;
  const uint64_t first = (chunk.expert - weight.desc.expert_begin) * to.outer;
  const uint64_t most = std::max<uint64_t>(1, Queue::kSlotBytes / to.inner_bytes);
  const uint64_t end = chunk.outer_end - to.outer_begin;
  for (uint64_t outer = chunk.outer_begin - to.outer_begin; outer < end;) {
    const uint64_t count = std::min(most, end - outer);
    Slot& slot = queue.slot(count * to.inner_bytes);
    const char* from =
        static_cast<const char*>(chunk.data) + (outer + to.outer_begin - chunk.outer_begin) * chunk.row_bytes;
    for (uint64_t i = 0; i < count; ++i)
      std::memcpy(slot.host.data() + i * to.inner_bytes, from + i * chunk.row_bytes, to.inner_bytes);
    place_rows(weight, queue, slot, chunk, outer, count);
    queue.release(slot);
    for (uint64_t i = 0; i < count; ++i) to.rows[first + outer + i] = true;
    outer += count;
  }
}

void check_complete(const Weight& weight, const Received& received, const char* name) {
  const auto missing = std::find(received.rows.begin(), received.rows.end(), false);
  if (missing == received.rows.end()) return;
  const auto row = static_cast<uint64_t>(missing - received.rows.begin());
  refuse(GROK1_E_INVALID_ARGUMENT, "%s are missing, the first of expert %llu, outer %llu: give all before weight_end",
         name, Number{weight.desc.expert_begin + row / received.outer},
         Number{received.outer_begin + row % received.outer});
}

Weight& unfinished(grok1_weight* handle) {
  Weight& weight = object<Weight>(handle, "weight");
  if (weight.finished) refuse(GROK1_E_INVALID_ARGUMENT, "the weight is finished; nothing can be added to it");
  return weight;
}

}  // namespace

std::optional<Element> element_of_encoding(uint32_t encoding) {
  switch (encoding) {
    case GROK1_ENCODING_F32: return Element::f32;
    case GROK1_ENCODING_F16: return Element::f16;
    case GROK1_ENCODING_BF16: return Element::bf16;
    case GROK1_ENCODING_I8: return Element::i8;
    default: return std::nullopt;
  }
}

Scale norm_scale(const Device* device, const grok1_weight* handle, uint64_t size, const char* name) {
  const Weight& weight = object_of<const Weight>(device, handle, name);
  const grok1_weight_desc& desc = weight.desc;
  if (!weight.finished || desc.kind != GROK1_WEIGHT_VECTOR || desc.k != size || desc.k_begin != 0 || desc.k_end != size)
    refuse(GROK1_E_INVALID_ARGUMENT, "%s: wanted a finished vector of %llu numbers", name, Number{size});
  return {weight.vector(), weight.element};
}

grok1_status weight_plan(grok1_device* device, const grok1_weight_desc* description, grok1_weight_plan* plan,
                         grok1_error* err) {
  return guarded(err, [&] {
    given(device, "device");
    const grok1_weight_desc& desc = input(description, GROK1_TYPE_WEIGHT_DESC, "desc");
    check(desc);
    const Matrix m = matrix_of(desc);
    grok1_weight_plan answer = GROK1_INIT(grok1_weight_plan);
    answer.device_bytes = size_sum({value_bytes(desc, m), scale_bytes(desc, m)});
    answer.scratch_bytes = Queue::kSlots * std::min<uint64_t>(Queue::kSlotBytes, answer.device_bytes);
    static constexpr const char* kNames[] = {"f32", "f16", "bf16", "i8"};
    if (desc.kind == GROK1_WEIGHT_VECTOR)
      std::snprintf(answer.layout_tag, sizeof answer.layout_tag, "plain");
    else
      std::snprintf(answer.layout_tag, sizeof answer.layout_tag, "%s.%ux%u", kNames[static_cast<int>(m.element)],
                    kTileN, kTileK);
    output(plan, GROK1_TYPE_WEIGHT_PLAN, "plan", answer);
  });
}

grok1_status weight_begin(grok1_device* handle, const grok1_weight_desc* description, grok1_weight** weight,
                          grok1_error* err) {
  Device* device = reinterpret_cast<Device*>(handle);
  return on_device(device, err, [&] {
    given(weight, "weight");
    const grok1_weight_desc& desc = input(description, GROK1_TYPE_WEIGHT_DESC, "desc");
    check(desc);
    auto made = std::make_unique<Weight>(Weight{device,
                                                desc,
                                                *element_of_encoding(desc.encoding),
                                                matrix_of(desc),
                                                {},
                                                awaited(desc),
                                                awaited_scales(desc),
                                                false,
                                                false});
    const uint64_t values = value_bytes(desc, made->matrix);
    made->memory = DeviceMemory(size_sum({values, scale_bytes(desc, made->matrix)}));
    made->matrix.tiles = made->memory.data();
    if (is_i8(desc)) made->matrix.scales = reinterpret_cast<const float*>(made->memory.data() + values);
    hand_out(weight, made.release());
  });
}

grok1_status weight_chunk(grok1_weight* handle, grok1_queue* queue_handle, const grok1_weight_chunk* args,
                          grok1_error* err) {
  return guarded(err, [&] {
    Weight& weight = unfinished(handle);
    const gpu::Selected selected(weight.device->number);
    Queue& queue = object_of<Queue>(weight.device, queue_handle, "queue");
    const grok1_weight_chunk& chunk = input(args, GROK1_TYPE_WEIGHT_CHUNK, "chunk");
    given(static_cast<const char*>(chunk.data), "chunk.data");
    if (chunk.scales > 1 || (chunk.scales == 1 && !is_i8(weight.desc)))
      refuse(GROK1_E_INVALID_ARGUMENT, "chunk.scales is %u for a weight of encoding %u", chunk.scales,
             weight.desc.encoding);
    receive(weight, queue, chunk);
  });
}

grok1_status weight_end(grok1_weight* handle, grok1_queue* queue, grok1_error* err) {
  return guarded(err, [&] {
    Weight& weight = unfinished(handle);
    object_of<Queue>(weight.device, queue, "queue");
    check_complete(weight, weight.values, "weights");
    check_complete(weight, weight.scales, "scales");
    weight.values.rows = weight.scales.rows = {};
    weight.finished = true;
  });
}

void weight_free(grok1_weight* handle) {
  Weight* weight = reinterpret_cast<Weight*>(handle);
  if (weight != nullptr) on_device(weight->device, nullptr, [&] { delete weight; });
}

}  // namespace grok1::accel
