#include "core/formats/tensor_source.h"

#include "core/base/failure.h"
#include "core/formats/xai_checkpoint.h"

namespace grok1 {

const std::vector<std::string>& TensorSource::warnings() const {
  static const std::vector<std::string> none;
  return none;
}

const Tensor& TensorSource::find(TensorRole role, uint32_t layer) const {
  for (const Tensor& tensor : tensors()) {
    if (tensor.role == role && tensor.layer == layer) return tensor;
  }
  fail(GROK1_E_INTERNAL, "no tensor of role {} in layer {}", static_cast<int>(role), layer);
}

std::unique_ptr<TensorSource> open_model(const std::string& path) {
  return open_xai_checkpoint(path);
}

}  // namespace grok1
