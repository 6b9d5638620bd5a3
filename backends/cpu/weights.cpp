// Weights come in: a description is checked and planned, then the bytes are used where they are or copied chunk by
// chunk into the same order (layout "plain"). What a weight is, weights.h.
#include "backends/cpu/weights.h"

#include <cstdio>
#include <memory>

#include "backends/cpu/queue.h"
#include "backends/cpu/table.h"

namespace grok1::cpu {
namespace {

using Number = unsigned long long;  // what %llu prints

constexpr uint64_t kMost = uint64_t{1} << 30;  // inputs or outputs of a matrix: indices are 32 bits wide

bool is_i8(const grok1_weight_desc& desc) {
  return desc.encoding == GROK1_ENCODING_I8;
}

void check_encoding(const grok1_weight_desc& desc) {
  const bool known = element_of_encoding(desc.encoding).has_value();
  if (!known || (is_i8(desc) && desc.kind == GROK1_WEIGHT_VECTOR))
    refuse(GROK1_E_UNSUPPORTED, "encoding %u of kind %u: the CPU takes F32, F16, BF16, and I8 for linear weights",
           desc.encoding, desc.kind);
  if (!is_i8(desc)) {
    if (desc.scale_encoding != GROK1_ENCODING_NONE || desc.groups != 0)
      refuse(GROK1_E_INVALID_ARGUMENT,
             "encoding %u has no scales: wanted scale_encoding 0 and groups 0, found %u and %u", desc.encoding,
             desc.scale_encoding, desc.groups);
    return;
  }
  if (desc.scale_encoding != GROK1_ENCODING_BF16 && desc.scale_encoding != GROK1_ENCODING_F32)
    refuse(GROK1_E_UNSUPPORTED, "scale encoding %u: the CPU takes BF16 and F32", desc.scale_encoding);
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
    refuse(GROK1_E_UNSUPPORTED, "k = %llu, n = %llu: the CPU takes at most 2^30 each", Number{desc.k}, Number{desc.n});
  if (desc.kind == GROK1_WEIGHT_VECTOR && (desc.n != 1 || desc.experts != 1))
    refuse(GROK1_E_INVALID_ARGUMENT, "a vector with n = %llu and %u experts: wanted 1 and 1", Number{desc.n},
           desc.experts);
  check_encoding(desc);
}

uint64_t group_size(const grok1_weight_desc& desc) {
  return is_i8(desc) ? desc.k / desc.groups : desc.k;
}

// Of a slice of few inputs in many groups nobody has heard; scratch is not made for it.
Chunks chunks_of(const grok1_weight_desc& desc) {
  if (!is_i8(desc)) return cut_into_chunks(0, desc.k_end - desc.k_begin, desc.k);  // floats know no groups
  Chunks chunks = cut_into_chunks(desc.k_begin, desc.k_end, group_size(desc));
  if (chunks.blocks > most_blocks(desc.k_end - desc.k_begin))
    refuse(GROK1_E_UNSUPPORTED, "%u scale groups on k = %llu: the CPU takes groups of 32 inputs or more", desc.groups,
           Number{desc.k});
  return chunks;
}

// The slice [experts, outer, inner] of values or scales, and the whole that it is a part of.
struct Shape {
  uint64_t outer_begin, outer_end, outer;
  uint64_t inner_begin, inner_end, inner;
  uint64_t element_bytes;
};

Shape shape_of_values(const grok1_weight_desc& d) {
  const uint64_t bytes = bytes_of(*element_of_encoding(d.encoding));
  if (d.order == GROK1_ORDER_KN) return {d.k_begin, d.k_end, d.k, d.n_begin, d.n_end, d.n, bytes};
  return {d.n_begin, d.n_end, d.n, d.k_begin, d.k_end, d.k, bytes};
}

Shape shape_of_scales(const grok1_weight_desc& d) {
  const uint64_t size = group_size(d), bytes = bytes_of(*element_of_encoding(d.scale_encoding));
  return {d.k_begin / size, (d.k_end - 1) / size + 1, d.groups, d.n_begin, d.n_end, d.n, bytes};
}

uint64_t slice_bytes(const grok1_weight_desc& d, const Shape& s) {
  return size_product({uint64_t{d.expert_end} - d.expert_begin, s.outer_end - s.outer_begin,
                       s.inner_end - s.inner_begin, s.element_bytes});
}

Stored described(const grok1_weight_desc& d, const Shape& s) {
  Stored stored;
  stored.experts = d.expert_end - d.expert_begin;
  stored.expert_begin = d.expert_begin;
  stored.outer = s.outer_end - s.outer_begin;
  stored.outer_begin = s.outer_begin;
  stored.inner_bytes = (s.inner_end - s.inner_begin) * s.element_bytes;
  return stored;
}

Stored in_place(const grok1_weight_desc& d, const Shape& s, const void* data) {
  Stored stored = described(d, s);
  stored.row_bytes = s.inner * s.element_bytes;
  stored.expert_bytes = size_product({s.outer, stored.row_bytes});
  stored.first = static_cast<const char*>(data) + d.expert_begin * stored.expert_bytes +
                 s.outer_begin * stored.row_bytes + s.inner_begin * s.element_bytes;
  return stored;
}

Stored to_be_copied(const grok1_weight_desc& d, const Shape& s) {
  Stored stored = described(d, s);
  stored.row_bytes = stored.inner_bytes;
  stored.expert_bytes = stored.outer * stored.row_bytes;
  stored.own = Memory(slice_bytes(d, s));
  stored.first = stored.own.data();
  stored.received.assign(stored.experts * stored.outer, false);
  return stored;
}

bool usable_in_place(const grok1_weight_desc& desc) {
  return desc.data != nullptr && (!is_i8(desc) || desc.scales != nullptr);
}

void check_chunk(const Stored& to, const grok1_weight_chunk& chunk) {
  if (chunk.expert < to.expert_begin || chunk.expert >= to.expert_begin + to.experts ||
      chunk.outer_begin < to.outer_begin || chunk.outer_begin >= chunk.outer_end ||
      chunk.outer_end > to.outer_begin + to.outer)
    refuse(GROK1_E_INVALID_ARGUMENT,
           "chunk of expert %u, outer %llu .. %llu: the slice has experts %llu .. %llu, outer %llu .. %llu",
           chunk.expert, Number{chunk.outer_begin}, Number{chunk.outer_end}, Number{to.expert_begin},
           Number{to.expert_begin + to.experts}, Number{to.outer_begin}, Number{to.outer_begin + to.outer});
  if (chunk.outer_end - chunk.outer_begin > 1 && chunk.row_bytes < to.inner_bytes)
    refuse(GROK1_E_INVALID_ARGUMENT, "row_bytes is %llu, a row of the slice has %llu", Number{chunk.row_bytes},
           Number{to.inner_bytes});
}

void receive(Stored& to, const grok1_weight_chunk& chunk) {
  check_chunk(to, chunk);
  const uint64_t first = (chunk.expert - to.expert_begin) * to.outer + chunk.outer_begin - to.outer_begin;
  const uint64_t count = chunk.outer_end - chunk.outer_begin;
  for (uint64_t i = 0; i < count; ++i)
    if (to.received[first + i])
      refuse(GROK1_E_INVALID_ARGUMENT, "chunk of expert %u: outer %llu came before", chunk.expert,
             Number{chunk.outer_begin + i});
  for (uint64_t i = 0; i < count; ++i) {
    std::memcpy(to.own.data() + (first + i) * to.inner_bytes,
                static_cast<const char*>(chunk.data) + i * chunk.row_bytes, to.inner_bytes);
    to.received[first + i] = true;
  }
}

void check_complete(const Stored& stored, const char* name) {
  const auto missing = std::find(stored.received.begin(), stored.received.end(), false);
  if (missing == stored.received.end()) return;
  const uint64_t row = static_cast<uint64_t>(missing - stored.received.begin());
  refuse(GROK1_E_INVALID_ARGUMENT, "%s are missing, the first of expert %llu, outer %llu: give all before weight_end",
         name, Number{stored.expert_begin + row / stored.outer}, Number{stored.outer_begin + row % stored.outer});
}

Weight& unfinished(grok1_weight* handle) {
  Weight& weight = object<Weight>(handle, "weight");
  if (weight.finished) refuse(GROK1_E_INVALID_ARGUMENT, "the weight is finished; nothing can be added to it");
  return weight;
}

}  // namespace

Matrix Weight::matrix(uint32_t expert) const {
  const uint64_t e = expert - desc.expert_begin;
  Matrix m{};
  m.data = values.row(e, 0);
  m.row_bytes = values.row_bytes;
  m.scales = is_i8() ? scales.row(e, 0) : nullptr;
  m.scale_row_bytes = scales.row_bytes;
  m.chunks = chunks.list.data();
  m.n_chunks = static_cast<uint32_t>(chunks.list.size());
  m.k = k(), m.n = n();
  m.element = element, m.scale_element = scale_element;
  m.nk = desc.order == GROK1_ORDER_NK;
  return m;
}

const Weight& norm_scale(const Device* device, const grok1_weight* handle, uint64_t size, const char* name) {
  const Weight& weight = object_of<const Weight>(device, handle, name);
  const grok1_weight_desc& desc = weight.desc;
  if (!weight.finished || desc.kind != GROK1_WEIGHT_VECTOR || desc.k != size || desc.k_begin != 0 || desc.k_end != size)
    refuse(GROK1_E_INVALID_ARGUMENT, "%s: wanted a finished vector of %llu numbers", name, Number{size});
  return weight;
}

grok1_status weight_plan(grok1_device* device, const grok1_weight_desc* description, grok1_weight_plan* plan,
                         grok1_error* err) {
  return guarded(err, [&] {
    given(device, "device");
    const grok1_weight_desc& desc = input(description, GROK1_TYPE_WEIGHT_DESC, "desc");
    check(desc);
    chunks_of(desc);
    grok1_weight_plan answer = GROK1_INIT(grok1_weight_plan);
    answer.in_place = usable_in_place(desc);
    const uint64_t scales = is_i8(desc) ? slice_bytes(desc, shape_of_scales(desc)) : 0;
    answer.device_bytes = answer.in_place ? 0 : size_sum({slice_bytes(desc, shape_of_values(desc)), scales});
    std::snprintf(answer.layout_tag, sizeof answer.layout_tag, "plain");
    output(plan, GROK1_TYPE_WEIGHT_PLAN, "plan", answer);
  });
}

grok1_status weight_begin(grok1_device* device, const grok1_weight_desc* description, grok1_weight** weight,
                          grok1_error* err) {
  return guarded(err, [&] {
    Device& self = object<Device>(device, "device");
    given(weight, "weight");
    const grok1_weight_desc& desc = input(description, GROK1_TYPE_WEIGHT_DESC, "desc");
    check(desc);
    const bool place = usable_in_place(desc);
    const auto stored = [&](const Shape& shape, const void* data) {
      return place ? in_place(desc, shape, data) : to_be_copied(desc, shape);
    };
    auto made = std::make_unique<Weight>(
        Weight{&self, desc, *element_of_encoding(desc.encoding), Element::f32, chunks_of(desc), {}, {}, place, false});
    made->values = stored(shape_of_values(desc), desc.data);
    if (is_i8(desc)) {
      made->scale_element = *element_of_encoding(desc.scale_encoding);
      made->scales = stored(shape_of_scales(desc), desc.scales);
    }
    hand_out(weight, made.release());
  });
}

grok1_status weight_chunk(grok1_weight* handle, grok1_queue* queue, const grok1_weight_chunk* args, grok1_error* err) {
  return guarded(err, [&] {
    Weight& weight = unfinished(handle);
    object_of<Queue>(weight.device, queue, "queue");
    const grok1_weight_chunk& chunk = input(args, GROK1_TYPE_WEIGHT_CHUNK, "chunk");
    given(static_cast<const char*>(chunk.data), "chunk.data");
    if (weight.in_place) refuse(GROK1_E_INVALID_ARGUMENT, "the weight is used in place; it takes no chunks");
    if (chunk.scales > 1 || (chunk.scales == 1 && !weight.is_i8()))
      refuse(GROK1_E_INVALID_ARGUMENT, "chunk.scales is %u for a weight of encoding %u", chunk.scales,
             weight.desc.encoding);
    receive(chunk.scales == 1 ? weight.scales : weight.values, chunk);
  });
}

grok1_status weight_end(grok1_weight* handle, grok1_queue* queue, grok1_error* err) {
  return guarded(err, [&] {
    Weight& weight = unfinished(handle);
    object_of<Queue>(weight.device, queue, "queue");
    check_complete(weight.values, "weights");
    check_complete(weight.scales, "scales");
    weight.finished = true;
  });
}

void weight_free(grok1_weight* weight) {
  delete reinterpret_cast<Weight*>(weight);
}

}  // namespace grok1::cpu
