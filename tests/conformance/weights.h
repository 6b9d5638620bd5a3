// How tensors and slices of them reach a device: in place, or as chunks in several orders.
#ifndef GROK1_TESTS_CONFORMANCE_WEIGHTS_H
#define GROK1_TESTS_CONFORMANCE_WEIGHTS_H

#include "tests/conformance/device.h"
#include "tests/conformance/tensor.h"

namespace grok1::conformance {

// Half-open ranges of a whole tensor.
struct Slice {
  uint32_t expert_begin, expert_end;
  uint64_t k_begin, k_end;
  uint64_t n_begin, n_end;
};

Slice whole(const Tensor& tensor);

enum class Delivery {
  kInPlace,       // `data` and `scales` are given; used where the plan says so, otherwise chunks follow
  kWhole,         // one chunk per expert, and one for its scales
  kShuffledRows,  // one chunk per outer index, scales and weights mixed, in random order
};

grok1_weight_desc describe(const Tensor& tensor, const Slice& slice, Delivery delivery);

// The chunks of a slice for one of the two chunked deliveries.
std::vector<grok1_weight_chunk> chunks_of(const Tensor& tensor, const Slice& slice, Delivery delivery);

// A finished weight. With kInPlace the tensor must outlive it.
Handle<grok1_weight> upload(Device& device, const Tensor& tensor, const Slice& slice,
                            Delivery delivery = Delivery::kWhole);
inline Handle<grok1_weight> upload(Device& device, const Tensor& tensor, Delivery delivery = Delivery::kWhole) {
  return upload(device, tensor, whole(tensor), delivery);
}

}  // namespace grok1::conformance

#endif
