#include "tests/unit/convert/made_source.h"

#include <fstream>
#include <random>
#include <sstream>

#include "core/base/encoding.h"
#include "encodings/encoding.h"

namespace grok1::test {
namespace {

// A stored array element by element: [experts][outer][inner].
std::vector<float> stored_numbers(const StoredArray& array) {
  std::vector<float> all(array.experts() * array.outer() * array.inner());
  for (const TensorPart& part : array.parts) {
    const uint64_t columns = part.inner_end - part.inner_begin, row_bytes = encoded_bytes(array.encoding, columns);
    std::vector<uint8_t> row(row_bytes);
    for (uint64_t e = part.expert_begin; e < part.expert_end; ++e) {
      for (uint64_t o = part.outer_begin; o < part.outer_end; ++o) {
        const uint64_t at =
            part.offset + (e - part.expert_begin) * part.expert_stride + (o - part.outer_begin) * row_bytes;
        part.file->read(at, std::as_writable_bytes(std::span(row)));
        float* to = &all[(e * array.outer() + o) * array.inner() + part.inner_begin];
        if (array.encoding == GROK1_ENCODING_I8) {
          for (uint64_t i = 0; i < columns; ++i) to[i] = static_cast<float>(static_cast<int8_t>(row[i]));
        } else {
          encodings::decode(encodings::Id(array.encoding), row.data(),
                            columns / encoding_shape(array.encoding).elements, to);
        }
      }
    }
  }
  return all;
}

bool is_rows(const Tensor& tensor) {
  return tensor.values.rank == 1 || tensor.transposed || tensor.role == TensorRole::kEmbedding ||
         tensor.role == TensorRole::kHead;
}

}  // namespace

const JoinedFile& MadeSource::open(std::vector<std::string> paths) {
  return files_.emplace_back(std::move(paths));
}

Tensor& MadeSource::add(TensorRole role, uint32_t layer, std::vector<uint64_t> shape, uint32_t encoding,
                        bool transposed, const std::string& path, uint64_t scale_groups, uint32_t scale_encoding) {
  const JoinedFile& file = open({path});
  Tensor tensor;
  tensor.role = role;
  tensor.layer = layer;
  tensor.name = "made";
  tensor.transposed = transposed;
  tensor.values.encoding = encoding;
  tensor.values.rank = static_cast<uint32_t>(shape.size());
  std::copy(shape.begin(), shape.end(), tensor.values.shape.begin());
  tensor.values.parts = {tensor.values.whole(file, "made", 0)};
  if (scale_groups != 0) {
    tensor.scales = tensor.values;
    tensor.scales.encoding = scale_encoding;
    tensor.scales.shape[shape.size() - 2] = scale_groups;
    tensor.scales.parts = {tensor.scales.whole(file, "made scales", tensor.values.bytes())};
  }
  tensors_.push_back(std::move(tensor));
  return tensors_.back();
}

std::vector<float> numbers_of(const Tensor& tensor) {
  std::vector<float> stored = stored_numbers(tensor.values);
  const uint64_t experts = tensor.values.experts(), outer = tensor.values.outer(), inner = tensor.values.inner();
  if (tensor.scales.rank != 0) {
    const std::vector<float> scales = stored_numbers(tensor.scales);
    const uint64_t groups = tensor.scales.outer();
    for (uint64_t e = 0; e < experts; ++e)
      for (uint64_t k = 0; k < outer; ++k)
        for (uint64_t n = 0; n < inner; ++n)
          stored[(e * outer + k) * inner + n] *= scales[(e * groups + k / (outer / groups)) * inner + n];
  }
  if (is_rows(tensor)) return stored;
  std::vector<float> turned(stored.size());
  for (uint64_t e = 0; e < experts; ++e)
    for (uint64_t k = 0; k < outer; ++k)
      for (uint64_t n = 0; n < inner; ++n) turned[(e * inner + n) * outer + k] = stored[(e * outer + k) * inner + n];
  return turned;
}

std::string bytes_of_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

std::vector<float> made_numbers(size_t count, uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<float> numbers(count);
  for (float& number : numbers) number = static_cast<float>(random()) * 0x1p-31f - 1;
  return numbers;
}

ConvertRequest request_of(const TensorSource& source, const std::string& path, const char* type) {
  ConvertRequest request;
  request.source = &source;
  request.path = path;
  request.options.type = type;
  request.options.memory_bytes = 16 << 20;
  request.options.threads = 2;
  return request;
}

}  // namespace grok1::test
