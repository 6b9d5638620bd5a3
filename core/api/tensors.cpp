// What grok1.h shows of a model's tensors and the parts that they are stored in.
#include "core/api/handles.h"
#include "core/base/encoding.h"

using namespace grok1;

namespace {

void fill_place(grok1_tensor_info& value, const TensorPart& first) {
  const FilePlace place = first.file->place(first.offset);
  value.path = place.path.c_str();
  value.offset = place.offset;
}

void fill_scales(grok1_tensor_info& value, const Tensor& tensor) {
  const StoredArray& scales = tensor.scales;
  if (scales.rank == 0) return;
  std::copy(scales.shape.begin(), scales.shape.end(), value.scale_shape);
  const TensorPart& first = scales.parts.front();
  value.scale_offset = first.file->place(first.offset).offset;
  value.scale_bytes = scales.bytes();
  value.scale_encoding = scales.encoding;
  value.scale_groups = tensor.scale_groups();
}

grok1_tensor_info describe_whole(const Tensor& tensor) {
  grok1_tensor_info value = GROK1_INIT(grok1_tensor_info);
  const StoredArray& values = tensor.values;
  value.name = tensor.name.c_str();
  fill_place(value, values.parts.front());
  value.encoding_name = encoding_name(values.encoding);
  std::copy(values.shape.begin(), values.shape.end(), value.shape);
  value.bytes = values.bytes();
  value.encoding = values.encoding;
  value.rank = values.rank;
  value.n_parts = static_cast<uint32_t>(values.parts.size());
  value.transposed = tensor.transposed ? 1 : 0;
  value.row_end = values.outer();
  value.column_end = values.inner();
  value.expert_end = static_cast<uint32_t>(values.experts());
  return value;
}

grok1_tensor_info describe_part(const Tensor& tensor, const TensorPart& part) {
  grok1_tensor_info value = describe_whole(tensor);
  value.name = part.name.c_str();
  fill_place(value, part);
  value.bytes = uint64_t{part.expert_end - part.expert_begin} * (part.outer_end - part.outer_begin) *
                encoded_bytes(tensor.values.encoding, part.inner_end - part.inner_begin);
  value.n_parts = 1;
  value.row_begin = part.outer_begin;
  value.row_end = part.outer_end;
  value.column_begin = part.inner_begin;
  value.column_end = part.inner_end;
  value.expert_begin = part.expert_begin;
  value.expert_end = part.expert_end;
  return value;
}

const Tensor& tensor_at(const grok1_model* model, size_t index) {
  const std::vector<Tensor>& tensors = require(model, "model").impl->source().tensors();
  if (index >= tensors.size()) fail(GROK1_E_OUT_OF_RANGE, "no such tensor");
  return tensors[index];
}

}  // namespace

grok1_status grok1_model_tensor(const grok1_model* model, size_t index, grok1_tensor_info* info) {
  return enter(nullptr, [&] {
    check_output<grok1_tensor_info>(info, GROK1_INIT(grok1_tensor_info), "info");
    const Tensor& tensor = tensor_at(model, index);
    grok1_tensor_info value = describe_whole(tensor);
    fill_scales(value, tensor);
    write_struct(info, value);
  });
}

grok1_status grok1_model_tensor_part(const grok1_model* model, size_t index, size_t part, grok1_tensor_info* info) {
  return enter(nullptr, [&] {
    check_output<grok1_tensor_info>(info, GROK1_INIT(grok1_tensor_info), "info");
    const Tensor& tensor = tensor_at(model, index);
    if (part >= tensor.values.parts.size()) fail(GROK1_E_OUT_OF_RANGE, "no such part");
    grok1_tensor_info value = describe_part(tensor, tensor.values.parts[part]);
    if (part == 0) fill_scales(value, tensor);
    write_struct(info, value);
  });
}

grok1_status grok1_model_warning(const grok1_model* model, size_t index, const char** text) {
  return enter(nullptr, [&] {
    const std::vector<std::string>& warnings = require(model, "model").impl->source().warnings();
    require(text, "text");
    if (index >= warnings.size()) fail(GROK1_E_OUT_OF_RANGE, "no such warning");
    *text = warnings[index].c_str();
  });
}
