#include "core/convert/plan.h"

#include <algorithm>
#include <map>

#include "core/base/encoding.h"
#include "core/base/failure.h"
#include "core/convert/keys.h"
#include "core/formats/gguf_names.h"
#include "encodings/encode/encode.h"

namespace grok1 {
namespace {

// By layers, the embedding first, norm and head last: the order of use.
std::vector<const Tensor*> in_order(const TensorSource& source) {
  std::vector<const Tensor*> all;
  for (const Tensor& tensor : source.tensors()) all.push_back(&tensor);
  const auto place = [](const Tensor* tensor) {
    const bool first = tensor->role == TensorRole::kEmbedding;
    const bool last = tensor->role == TensorRole::kFinalNorm || tensor->role == TensorRole::kHead;
    return std::tuple(first ? 0 : last ? 2 : 1, tensor->layer, tensor->role);
  };
  std::sort(all.begin(), all.end(), [&](const Tensor* a, const Tensor* b) { return place(a) < place(b); });
  return all;
}

void require_possible(const PlannedTensor& planned) {
  const StoredArray& values = planned.matrix.tensor->values;
  const bool blocks = encoding_shape(values.encoding).elements > 1;
  if (planned.matrix.is_kn ? blocks : values.encoding == GROK1_ENCODING_I8) {
    fail(GROK1_E_UNSUPPORTED, "{}: {} in this order of rows cannot be converted", planned.matrix.tensor->name,
         encoding_name(values.encoding));
  }
  if (planned.is_moved() || encoding_shape(planned.encoding).elements == 1) return;
  if (encodings::can_encode(encodings::Id(planned.encoding))) return;
  fail(GROK1_E_UNSUPPORTED, "{}: this library reads {} but cannot make it; iq4_xs, q3_k or q2_k are near", planned.name,
       encoding_name(planned.encoding));
}

// The one that most bytes of the matrices are in.
uint32_t main_encoding(const std::vector<PlannedTensor>& tensors) {
  std::map<uint32_t, uint64_t> bytes;
  for (const PlannedTensor& tensor : tensors) {
    if (!is_encoded(tensor.matrix.tensor->role)) continue;
    bytes[tensor.encoding] += tensor.row_bytes() * tensor.matrix.n * tensor.matrix.experts;
  }
  const auto less = [](const auto& a, const auto& b) { return a.second < b.second; };
  return std::max_element(bytes.begin(), bytes.end(), less)->first;
}

std::vector<uint64_t> ne_of(const Matrix& matrix) {
  if (matrix.tensor->values.rank == 1) return {matrix.k};
  if (matrix.tensor->values.rank == 2) return {matrix.k, matrix.n};
  return {matrix.k, matrix.n, matrix.experts};
}

}  // namespace

bool PlannedTensor::is_moved() const {
  return encoding == matrix.tensor->values.encoding;
}

uint64_t PlannedTensor::row_bytes() const {
  return encoded_bytes(encoding, matrix.k);
}

uint64_t PlannedTensor::source_column() const {
  return encoded_bytes(matrix.tensor->values.encoding, matrix.k);
}

Plan plan_conversion(const TensorSource& source, const VocabularyPieces* vocabulary, const TypeChoice& types,
                     uint64_t shard_bytes) {
  Plan plan;
  std::vector<GgufEntry> entries;
  std::vector<std::string> encoded;
  bool has_blocks = false;
  for (const Tensor* tensor : in_order(source)) {
    PlannedTensor planned{Matrix(*tensor), gguf_name(tensor->role, tensor->layer), 0, 0, {}};
    const auto [encoding, wanted] = types.choose(*tensor, planned.name, planned.matrix.k);
    planned.encoding = encoding;
    planned.wanted = wanted;
    require_possible(planned);
    has_blocks |= encoding_shape(encoding).elements > 1;
    if (is_encoded(tensor->role)) encoded.push_back(planned.name);
    entries.push_back({planned.name, ne_of(planned.matrix), encoding});
    plan.tensors.push_back(std::move(planned));
  }
  types.require_matches({encoded.begin(), encoded.end()});
  GgufKeys keys;
  add_general_keys(keys, source.config(), gguf_file_type(main_encoding(plan.tensors)), has_blocks);
  add_config_keys(keys, source.config());
  add_vocabulary_keys(keys, source.config(), vocabulary);
  plan.layout = lay_out_gguf(keys, entries, shard_bytes);
  for (size_t i = 0; i < plan.tensors.size(); ++i) plan.tensors[i].place = plan.layout.places[i];
  return plan;
}

}  // namespace grok1
