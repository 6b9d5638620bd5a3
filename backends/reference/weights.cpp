// Weights come in: a description is checked and planned, then the bytes are used where they are or copied chunk by
// chunk into the same order (layout "plain"). What they mean is in weights.h.
#include "backends/reference/weights.h"

#include <cstdio>
#include <memory>

#include "backends/reference/queue.h"
#include "backends/reference/refusal.h"
#include "backends/reference/table.h"

namespace grok1::reference {
namespace {

void check_range(uint64_t begin, uint64_t end, uint64_t size, const char* name) {
  if (begin >= end || end > size)
    refuse(GROK1_E_INVALID_ARGUMENT, "%s range %zu .. %zu: wanted a part of 0 .. %zu that is not empty", name, begin,
           end, size);
}

void check_encoding(const grok1_weight_desc& desc) {
  const bool i8 = desc.encoding == GROK1_ENCODING_I8;
  if (encoding_bytes(desc.encoding) == 0 || (i8 && desc.kind == GROK1_WEIGHT_VECTOR))
    refuse(GROK1_E_UNSUPPORTED, "encoding %u of kind %u; wanted F32, F16 or BF16, or I8 for a linear weight",
           desc.encoding, desc.kind);
  if (i8 && desc.scale_encoding != GROK1_ENCODING_BF16 && desc.scale_encoding != GROK1_ENCODING_F32)
    refuse(GROK1_E_UNSUPPORTED, "scale encoding %u; wanted BF16 or F32", desc.scale_encoding);
  if (i8 && desc.order != GROK1_ORDER_KN)
    refuse(GROK1_E_UNSUPPORTED, "I8 in order %u; wanted GROK1_ORDER_KN", desc.order);
  if (i8 && (desc.groups == 0 || desc.k % desc.groups != 0))
    refuse(GROK1_E_INVALID_ARGUMENT, "%u scale groups do not divide k = %zu", desc.groups, desc.k);
  if (!i8 && (desc.scale_encoding != GROK1_ENCODING_NONE || desc.groups != 0))
    refuse(GROK1_E_INVALID_ARGUMENT, "encoding %u has no scales; wanted scale_encoding 0 and groups 0", desc.encoding);
}

void check(const grok1_weight_desc& desc) {
  if (desc.kind != GROK1_WEIGHT_LINEAR && desc.kind != GROK1_WEIGHT_VECTOR)
    refuse(GROK1_E_INVALID_ARGUMENT, "kind is %u; wanted GROK1_WEIGHT_LINEAR (1) or GROK1_WEIGHT_VECTOR (2)",
           desc.kind);
  if (desc.order != GROK1_ORDER_KN && desc.order != GROK1_ORDER_NK)
    refuse(GROK1_E_INVALID_ARGUMENT, "order is %u; wanted GROK1_ORDER_KN (1) or GROK1_ORDER_NK (2)", desc.order);
  check_range(desc.expert_begin, desc.expert_end, desc.experts, "expert");
  check_range(desc.k_begin, desc.k_end, desc.k, "k");
  check_range(desc.n_begin, desc.n_end, desc.n, "n");
  if (desc.kind == GROK1_WEIGHT_VECTOR && (desc.n != 1 || desc.experts != 1))
    refuse(GROK1_E_INVALID_ARGUMENT, "a vector with n = %zu and %u experts; wanted 1 and 1", desc.n, desc.experts);
  check_encoding(desc);
}

bool has_scales(const grok1_weight_desc& desc) {
  return desc.encoding == GROK1_ENCODING_I8;
}

bool usable_in_place(const grok1_weight_desc& desc) {
  return desc.data != nullptr && (!has_scales(desc) || desc.scales != nullptr);
}

Box slice_of_values(const grok1_weight_desc& d) {
  const bool kn = d.order == GROK1_ORDER_KN;
  return {d.expert_begin,
          kn ? d.k_begin : d.n_begin,
          kn ? d.n_begin : d.k_begin,
          d.expert_end - d.expert_begin,
          kn ? d.k_end - d.k_begin : d.n_end - d.n_begin,
          kn ? d.n_end - d.n_begin : d.k_end - d.k_begin,
          encoding_bytes(d.encoding)};
}

Box whole_of_values(const grok1_weight_desc& d) {
  const bool kn = d.order == GROK1_ORDER_KN;
  return {0, 0, 0, d.experts, kn ? d.k : d.n, kn ? d.n : d.k, encoding_bytes(d.encoding)};
}

// The groups that the slice touches.
Box slice_of_scales(const grok1_weight_desc& d) {
  if (!has_scales(d)) return {};
  const uint64_t group = d.k / d.groups;
  const uint64_t first = d.k_begin / group, last = (d.k_end - 1) / group;
  return {d.expert_begin,
          first,
          d.n_begin,
          d.expert_end - d.expert_begin,
          last - first + 1,
          d.n_end - d.n_begin,
          encoding_bytes(d.scale_encoding)};
}

Box whole_of_scales(const grok1_weight_desc& d) {
  if (!has_scales(d)) return {};
  return {0, 0, 0, d.experts, d.groups, d.n, encoding_bytes(d.scale_encoding)};
}

Part in_place(const Box& whole, const void* data) {
  Part part;
  part.box = whole;
  part.data = static_cast<const std::byte*>(data);
  return part;
}

Part to_be_copied(const Box& slice) {
  Part part;
  part.box = slice;
  part.own = Memory(slice.bytes());
  part.data = part.own.data();
  part.received.assign(slice.rows(), false);
  return part;
}

void receive(Part& part, const grok1_weight_chunk& chunk) {
  const Box& box = part.box;
  if (chunk.expert < box.expert_begin || chunk.expert >= box.expert_begin + box.experts ||
      chunk.outer_begin < box.outer_begin || chunk.outer_begin > chunk.outer_end ||
      chunk.outer_end > box.outer_begin + box.outer)
    refuse(GROK1_E_INVALID_ARGUMENT,
           "chunk of expert %u, outer %zu .. %zu: the slice has experts %zu .. %zu, outer %zu .. %zu", chunk.expert,
           chunk.outer_begin, chunk.outer_end, box.expert_begin, box.expert_begin + box.experts, box.outer_begin,
           box.outer_begin + box.outer);
  if (chunk.outer_end - chunk.outer_begin > 1 && chunk.row_bytes < box.row_bytes())
    refuse(GROK1_E_INVALID_ARGUMENT, "row_bytes is %zu, a row of the slice has %zu", chunk.row_bytes, box.row_bytes());
  const std::byte* from = static_cast<const std::byte*>(chunk.data);
  for (uint64_t outer = chunk.outer_begin; outer < chunk.outer_end; ++outer, from += chunk.row_bytes) {
    const uint64_t row = box.row(chunk.expert, outer);
    if (part.received[row]) refuse(GROK1_E_INVALID_ARGUMENT, "expert %u, outer %zu came twice", chunk.expert, outer);
    std::memcpy(part.own.data() + row * box.row_bytes(), from, box.row_bytes());
    part.received[row] = true;
  }
}

void check_complete(const Part& part, const char* name) {
  const auto missing = std::find(part.received.begin(), part.received.end(), false);
  if (missing == part.received.end()) return;
  const uint64_t row = uint64_t(missing - part.received.begin());
  refuse(GROK1_E_INVALID_ARGUMENT,
         "%s are missing, the first of expert %zu, outer %zu; give every chunk before weight_end", name,
         part.box.expert_begin + row / part.box.outer, part.box.outer_begin + row % part.box.outer);
}

Weight& unfinished(grok1_weight* handle) {
  Weight& weight = object<Weight>(handle, "weight");
  if (weight.finished) refuse(GROK1_E_INVALID_ARGUMENT, "the weight is finished; nothing can be added");
  return weight;
}

}  // namespace

const Weight& norm_scale(const grok1_device* device, const grok1_weight* handle, uint64_t size, const char* name) {
  const Weight& weight = object_of<const Weight>(device, handle, name);
  const grok1_weight_desc& desc = weight.desc;
  if (!weight.finished || desc.kind != GROK1_WEIGHT_VECTOR || desc.k != size || desc.k_begin != 0 || desc.k_end != size)
    refuse(GROK1_E_INVALID_ARGUMENT, "%s: wanted a finished vector of %zu numbers", name, size);
  return weight;
}

grok1_status weight_plan(grok1_device* device, const grok1_weight_desc* description, grok1_weight_plan* plan,
                         grok1_error* err) {
  return guarded(err, [&] {
    given(device, "device");
    const grok1_weight_desc& desc = input(description, GROK1_TYPE_WEIGHT_DESC, "desc");
    check(desc);
    grok1_weight_plan answer = GROK1_INIT(grok1_weight_plan);
    answer.in_place = usable_in_place(desc);
    answer.device_bytes = answer.in_place ? 0 : slice_of_values(desc).bytes() + slice_of_scales(desc).bytes();
    std::snprintf(answer.layout_tag, sizeof answer.layout_tag, "plain");
    output(plan, GROK1_TYPE_WEIGHT_PLAN, "plan", answer);
  });
}

grok1_status weight_begin(grok1_device* device, const grok1_weight_desc* description, grok1_weight** weight,
                          grok1_error* err) {
  return guarded(err, [&] {
    given(device, "device");
    given(weight, "weight");
    const grok1_weight_desc& desc = input(description, GROK1_TYPE_WEIGHT_DESC, "desc");
    check(desc);
    if (usable_in_place(desc)) {
      hand_out(weight, new Weight{device, desc, in_place(whole_of_values(desc), desc.data),
                                  in_place(whole_of_scales(desc), desc.scales), true, false});
    } else {
      hand_out(weight, new Weight{device, desc, to_be_copied(slice_of_values(desc)),
                                  to_be_copied(slice_of_scales(desc)), false, false});
    }
  });
}

grok1_status weight_chunk(grok1_weight* handle, grok1_queue* queue, const grok1_weight_chunk* args, grok1_error* err) {
  return guarded(err, [&] {
    Weight& weight = unfinished(handle);
    object_of<Queue>(weight.device, queue, "queue");
    const grok1_weight_chunk& chunk = input(args, GROK1_TYPE_WEIGHT_CHUNK, "chunk");
    if (chunk.data == nullptr) refuse(GROK1_E_INVALID_ARGUMENT, "chunk.data is NULL");
    if (weight.in_place) refuse(GROK1_E_INVALID_ARGUMENT, "the weight is used in place; it takes no chunks");
    if (chunk.scales > 1 || (chunk.scales == 1 && !has_scales(weight.desc)))
      refuse(GROK1_E_INVALID_ARGUMENT, "scales is %u for a weight of encoding %u", chunk.scales, weight.desc.encoding);
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

}  // namespace grok1::reference
