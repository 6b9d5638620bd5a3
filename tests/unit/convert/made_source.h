// Models for tests of conversions: tensors of any shape, order and encoding, in files that the test has made; and what
// any source's tensors mean, number by number, computed in the plainest way.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/convert/convert.h"
#include "core/formats/tensor_source.h"
#include "tests/unit/formats/temporary_folder.h"

namespace grok1::test {

class MadeSource final : public TensorSource {
 public:
  // A tensor whose numbers lie in a file of their own; rank and shape outermost first. Scales behind the values.
  Tensor& add(TensorRole role, uint32_t layer, std::vector<uint64_t> shape, uint32_t encoding, bool transposed,
              const std::string& path, uint64_t scale_groups = 0, uint32_t scale_encoding = 0);

  using TensorSource::config_;
  std::string_view format() const override { return "made"; }
  const JoinedFile& open(std::vector<std::string> paths);
};

// The numbers of a tensor as [experts, N, K]; a vector as [K].
std::vector<float> numbers_of(const Tensor& tensor);

std::string bytes_of_file(const std::string& path);

// Numbers that no encoding has a reason to like, from -1 to 1.
std::vector<float> made_numbers(size_t count, uint32_t seed);

template <class T>
std::string as_bytes(const std::vector<T>& numbers) {
  return {reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(T)};
}

// A request with little memory and two threads.
ConvertRequest request_of(const TensorSource& source, const std::string& path, const char* type = nullptr);

}  // namespace grok1::test
