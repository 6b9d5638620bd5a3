#include "core/convert/encoding_sizes.h"

#include <algorithm>

#include "core/base/encoding.h"
#include "core/convert/plan.h"
#include "encodings/encode/encode.h"
#include "grok1.h"

namespace grok1 {
namespace {

double bits_of(uint32_t encoding) {
  const EncodingShape shape = encoding_shape(encoding);
  return 8.0 * static_cast<double>(shape.bytes) / static_cast<double>(shape.elements);
}

std::vector<uint32_t> by_bits() {
  std::vector<uint32_t> all;
  for (uint32_t id = GROK1_ENCODING_Q8_0; encoding_bytes(id) != 0; ++id)
    if (encodings::can_encode(encodings::Id(id))) all.push_back(id);
  std::stable_sort(all.begin(), all.end(), [](uint32_t a, uint32_t b) {
    if (bits_of(a) != bits_of(b)) return bits_of(a) > bits_of(b);
    return encoding_shape(a).elements > encoding_shape(b).elements;  // the longer block spends its bits better
  });
  return all;
}

}  // namespace

const std::vector<uint32_t>& convertible_encodings() {
  static const std::vector<uint32_t> all = by_bits();
  return all;
}

uint64_t bytes_encoded(const TensorSource& source, uint32_t encoding) {
  uint64_t bytes = 0;
  const Plan plan = plan_conversion(source, nullptr, TypeChoice(encoding_name(encoding), nullptr), 0);
  for (const PlannedTensor& tensor : plan.tensors) bytes += tensor.place.bytes;
  return bytes;
}

uint64_t count_weights(const TensorSource& source) {
  uint64_t n = 0;
  for (const Tensor& tensor : source.tensors())
    n += tensor.values.experts() * tensor.values.outer() * tensor.values.inner();
  return n;
}

}  // namespace grok1
