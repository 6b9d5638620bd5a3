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

constexpr uint64_t kMost = uint64_t{1} << 30;  // inputs or outputs of a matrix: indices are 32 bits wide

void check(const grok1_weight_desc& desc) {
  check_weight(desc, kOffer);
  if (desc.k > kMost || desc.n > kMost)
    refuse(GROK1_E_UNSUPPORTED, "k = %llu, n = %llu: the GPU takes at most 2^30 each", Number{desc.k}, Number{desc.n});
}

// How the slice's K is cut: groups begin where those of the whole tensor do.
Split split_of(const grok1_weight_desc& desc) {
  const auto k = static_cast<uint32_t>(desc.k_end - desc.k_begin);
  if (!has_scales(desc)) return whole(k);
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
  if (!has_scales(desc)) return 0;
  return size_product({m.experts, m.split.groups, m.tiles_n(), kTileN, sizeof(float)});
}

uint64_t value_bytes(const grok1_weight_desc& desc, const Matrix& m) {
  if (desc.kind == GROK1_WEIGHT_VECTOR) return (desc.k_end - desc.k_begin) * bytes_of(m.element);
  return size_product({m.experts, m.expert_bytes});
}

Element element_of(uint32_t encoding) {
  switch (encoding) {
    case GROK1_ENCODING_F32: return Element::f32;
    case GROK1_ENCODING_F16: return Element::f16;
    case GROK1_ENCODING_BF16: return Element::bf16;
    default: return Element::i8;  // check_weight() lets no other pass
  }
}

Matrix matrix_of(const grok1_weight_desc& desc) {
  Matrix m{};
  m.element = element_of(desc.encoding);
  m.experts = desc.expert_end - desc.expert_begin;
  m.n = static_cast<uint32_t>(desc.n_end - desc.n_begin);
  m.split = split_of(desc);
  m.expert_bytes = size_product({m.tiles_n(), m.split.padded() / kTileK, m.tile_bytes()});
  return m;
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
  const uint64_t bytes = count * (chunk.scales != 0 ? weight.scales : weight.values).box.row_bytes();
  gpu::copy_to_device(slot.device.data(), slot.host.data(), bytes, queue.stream);
  if (chunk.scales != 0) {
    float* scales = const_cast<float*>(weight.matrix.scales) + weight.matrix.scale_at(expert, 0, 0);
    kernels.pack_scales(
        {slot.device.data(), scales, begin, n, weight.desc.scale_encoding == GROK1_ENCODING_BF16, weight.matrix},
        queue.stream);
  } else {
    kernels.pack({slot.device.data(), weight.memory.data() + expert * weight.matrix.expert_bytes, begin, n,
                  static_cast<uint32_t>(weight.values.box.inner), weight.desc.order == GROK1_ORDER_NK, weight.matrix},
                 queue.stream);
  }
}

void receive(Weight& weight, Queue& queue, const grok1_weight_chunk& chunk) {
  Received& to = chunk.scales != 0 ? weight.scales : weight.values;
  to.check(chunk);
  if (!weight.cleared) gpu::fill(weight.memory.data(), 0, weight.memory.size(), queue.stream);
  weight.cleared = true;
  const uint64_t row_bytes = to.box.row_bytes(), most = std::max<uint64_t>(1, Queue::kSlotBytes / row_bytes);
  const char* from = static_cast<const char*>(chunk.data);
  for (uint64_t outer = chunk.outer_begin; outer < chunk.outer_end;) {
    const uint64_t count = std::min(most, chunk.outer_end - outer);
    Slot& slot = queue.slot(count * row_bytes);
    for (uint64_t i = 0; i < count; ++i, from += chunk.row_bytes)
      std::memcpy(slot.host.data() + i * row_bytes, from, row_bytes);
    place_rows(weight, queue, slot, chunk, outer - to.box.outer_begin, count);
    queue.release(slot);
    to.add(chunk.expert, outer, outer + count);
    outer += count;
  }
}

}  // namespace

Scale norm_scale(const Device* device, const grok1_weight* handle, uint64_t size, const char* name) {
  const Weight& weight = contract::norm_scale<Weight>(device, handle, size, name);
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
                                                element_of(desc.encoding),
                                                matrix_of(desc),
                                                {},
                                                awaited(slice_of_values(desc)),
                                                awaited(slice_of_scales(desc)),
                                                false,
                                                false});
    const uint64_t values = value_bytes(desc, made->matrix);
    made->memory = DeviceMemory(size_sum({values, scale_bytes(desc, made->matrix)}));
    made->matrix.tiles = made->memory.data();
    if (has_scales(desc)) made->matrix.scales = reinterpret_cast<const float*>(made->memory.data() + values);
    hand_out(weight, made.release());
  });
}

grok1_status weight_chunk(grok1_weight* handle, grok1_queue* queue_handle, const grok1_weight_chunk* args,
                          grok1_error* err) {
  return guarded(err, [&] {
    Weight& weight = unfinished<Weight>(handle);
    const gpu::Selected selected(weight.device->number);
    Queue& queue = object_of<Queue>(weight.device, queue_handle, "queue");
    receive(weight, queue, checked_chunk(args, weight.desc));
  });
}

grok1_status weight_end(grok1_weight* handle, grok1_queue* queue, grok1_error* err) {
  return guarded(err, [&] {
    Weight& weight = unfinished<Weight>(handle);
    object_of<Queue>(weight.device, queue, "queue");
    weight.values.check_complete("weights");
    weight.scales.check_complete("scales");
    weight.values.rows = weight.scales.rows = {};
    weight.finished = true;
  });
}

void weight_free(grok1_weight* handle) {
  Weight* weight = reinterpret_cast<Weight*>(handle);
  if (weight != nullptr) on_device(weight->device, nullptr, [&] { delete weight; });
}

}  // namespace grok1::accel
