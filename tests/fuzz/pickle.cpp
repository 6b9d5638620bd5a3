// The pickle reader on any bytes: it refuses with a Failure at a byte of the file, or the arrays that it returns lie in
// the file.
#include <cstdlib>

#include "core/base/encoding.h"
#include "core/base/failure.h"
#include "core/formats/pickle.h"

namespace {

void check(const grok1::PickledArray& array, size_t size) {
  if (array.offset > size || array.bytes > size - array.offset || array.rank > array.shape.size()) std::abort();
  uint64_t elements = 1;
  for (uint32_t i = 0; i < array.rank; ++i) elements *= array.shape[i];
  if (array.bytes != elements * grok1::encoding_bytes(array.encoding)) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    const grok1::Pickle pickle = grok1::read_pickle("fuzz", std::as_bytes(std::span(data, size)));
    check(pickle.weight, size);
    if (pickle.scales) check(*pickle.scales, size);
  } catch (const grok1::Failure& failure) {
    if (failure.status() != GROK1_E_BAD_FILE || failure.offset() > size) std::abort();
  }
  return 0;
}
