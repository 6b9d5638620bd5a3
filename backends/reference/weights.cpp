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

Part in_place(const Box& whole, const void* data) {
  return {{whole, {}}, static_cast<const std::byte*>(data), {}};
}

Part to_be_copied(const Box& slice) {
  Memory own(slice.bytes());
  const std::byte* data = own.data();
  return {awaited(slice), data, std::move(own)};
}

void receive(Part& part, const grok1_weight_chunk& chunk) {
  part.check(chunk);
  const std::byte* from = static_cast<const std::byte*>(chunk.data);
  for (uint64_t outer = chunk.outer_begin; outer < chunk.outer_end; ++outer, from += chunk.row_bytes)
    std::memcpy(part.own.data() + part.box.row(chunk.expert, outer) * part.box.row_bytes(), from, part.box.row_bytes());
  part.add(chunk.expert, chunk.outer_begin, chunk.outer_end);
}

}  // namespace

grok1_status weight_plan(grok1_device* device, const grok1_weight_desc* description, grok1_weight_plan* plan,
                         grok1_error* err) {
  return guarded(err, [&] {
    given(device, "device");
    const grok1_weight_desc& desc = input(description, GROK1_TYPE_WEIGHT_DESC, "desc");
    check_weight(desc, kOffer);
    grok1_weight_plan answer = GROK1_INIT(grok1_weight_plan);
    answer.in_place = has_data(desc);
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
    check_weight(desc, kOffer);
    if (has_data(desc)) {
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
    Weight& weight = unfinished<Weight>(handle);
    object_of<Queue>(weight.device, queue, "queue");
    const grok1_weight_chunk& chunk = checked_chunk(args, weight.desc);
    if (weight.in_place) refuse(GROK1_E_INVALID_ARGUMENT, "the weight is used in place; it takes no chunks");
    receive(chunk.scales == 1 ? weight.scales : weight.values, chunk);
  });
}

grok1_status weight_end(grok1_weight* handle, grok1_queue* queue, grok1_error* err) {
  return guarded(err, [&] {
    Weight& weight = unfinished<Weight>(handle);
    object_of<Queue>(weight.device, queue, "queue");
    weight.values.check_complete("weights");
    weight.scales.check_complete("scales");
    weight.finished = true;
  });
}

void weight_free(grok1_weight* weight) {
  delete reinterpret_cast<Weight*>(weight);
}

}  // namespace grok1::reference
