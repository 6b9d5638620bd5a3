// Weights as grok1_weight_desc describes them: which box of the stored arrays a slice takes, and which of its rows
// chunks have brought. What the bytes mean and where they go is the backend's.
#ifndef GROK1_BACKENDS_CONTRACT_WEIGHTS_H
#define GROK1_BACKENDS_CONTRACT_WEIGHTS_H

#include <vector>

#include "backends/contract/arguments.h"
#include "backends/contract/support.h"

namespace grok1::contract {

// Limits of sizes are the backend's.
void check_weight(const grok1_weight_desc& desc, const Offer& offer);

inline bool has_scales(const grok1_weight_desc& desc) {
  return desc.encoding == GROK1_ENCODING_I8;
}
inline uint64_t group_size(const grok1_weight_desc& desc) {
  return has_scales(desc) ? desc.k / desc.groups : desc.k;
}
inline bool has_data(const grok1_weight_desc& desc) {
  return desc.data != nullptr && (!has_scales(desc) || desc.scales != nullptr);
}

// A box of a stored array [experts, outer, inner]: where it begins in the whole, and how far it goes.
struct Box {
  uint64_t expert_begin, outer_begin, inner_begin;
  uint64_t experts, outer, inner;
  Block block{1, 0};  // of which a row is made: the inner range is one of whole blocks

  uint64_t row(uint64_t expert, uint64_t o) const { return (expert - expert_begin) * outer + (o - outer_begin); }
  uint64_t row_bytes() const { return bytes_before(inner); }
  uint64_t bytes_before(uint64_t element) const {  // of a row; the reference asks for every number: no division
    return (block.elements == 1 ? element : element / block.elements) * block.bytes;
  }
  uint64_t rows() const { return size_product({experts, outer}); }
  uint64_t bytes() const { return size_product({experts, outer, inner / block.elements, block.bytes}); }
};

// Empty boxes of scales where there are none. A slice has the groups that it touches.
Box slice_of_values(const grok1_weight_desc& desc);
Box whole_of_values(const grok1_weight_desc& desc);
Box slice_of_scales(const grok1_weight_desc& desc);
Box whole_of_scales(const grok1_weight_desc& desc);

// The argument of weight_chunk but for its place.
const grok1_weight_chunk& checked_chunk(const grok1_weight_chunk* chunk, const grok1_weight_desc& desc);

// Which rows of a box have come.
struct Received {
  Box box{};
  std::vector<bool> rows;  // [box.rows()]; empty if none are awaited

  // Refuses a chunk that is not inside or brings a row again.
  void check(const grok1_weight_chunk& chunk) const;
  void add(uint64_t expert, uint64_t outer_begin, uint64_t outer_end);
  void check_complete(const char* name) const;
};
Received awaited(const Box& box);

// The weight behind a handle, which must not be finished.
template <class Weight>
Weight& unfinished(grok1_weight* handle) {
  Weight& weight = object<Weight>(handle, "weight");
  if (weight.finished) refuse(GROK1_E_INVALID_ARGUMENT, "the weight is finished; nothing can be added to it");
  return weight;
}

// A finished weight of the device that is a norm's scale of `size` numbers.
template <class Weight, class Device>
const Weight& norm_scale(const Device* device, const grok1_weight* handle, uint64_t size, const char* name) {
  const Weight& weight = object_of<const Weight>(device, handle, name);
  const grok1_weight_desc& desc = weight.desc;
  if (!weight.finished || desc.kind != GROK1_WEIGHT_VECTOR || desc.k != size || desc.k_begin != 0 || desc.k_end != size)
    refuse(GROK1_E_INVALID_ARGUMENT, "%s: wanted a finished vector of %llu numbers", name, Number{size});
  return weight;
}

}  // namespace grok1::contract

#endif
