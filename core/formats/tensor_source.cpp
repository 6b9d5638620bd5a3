#include "core/formats/tensor_source.h"

#include "core/base/encoding.h"
#include "core/base/failure.h"
#include "core/formats/gguf_checkpoint.h"
#include "core/formats/gguf_files.h"
#include "core/formats/hf_checkpoint.h"
#include "core/formats/hf_files.h"
#include "core/formats/xai_checkpoint.h"

namespace grok1 {

uint64_t TensorSource::file_bytes() const {
  uint64_t sum = 0;
  for (const JoinedFile& file : files_) sum += file.size();
  return sum;
}

uint32_t TensorSource::n_files() const {
  size_t count = 0;
  for (const JoinedFile& file : files_) count += file.files().size();
  return static_cast<uint32_t>(count);
}

void TensorSource::require_unchanged() const {
  for (const JoinedFile& file : files_) file.require_unchanged();
}

uint64_t StoredArray::row_bytes() const {
  return encoded_bytes(encoding, inner());
}

TensorPart StoredArray::whole(const JoinedFile& file, std::string name, uint64_t offset) const {
  return {&file, std::move(name), offset, outer() * row_bytes(), 0, static_cast<uint32_t>(experts()), 0, outer(),
          0,     inner()};
}

const std::byte* StoredArray::contiguous() const {
  if (parts.size() != 1) return nullptr;
  const TensorPart& part = parts.front();
  if (experts() > 1 && part.expert_stride != outer() * row_bytes()) return nullptr;
  return part.file->contiguous(part.offset, bytes());
}

namespace {

bool overlap(uint64_t begin, uint64_t end, uint64_t other_begin, uint64_t other_end) {
  return begin < other_end && other_begin < end;
}

bool overlap(const TensorPart& a, const TensorPart& b) {
  return overlap(a.expert_begin, a.expert_end, b.expert_begin, b.expert_end) &&
         overlap(a.outer_begin, a.outer_end, b.outer_begin, b.outer_end) &&
         overlap(a.inner_begin, a.inner_end, b.inner_begin, b.inner_end);
}

}  // namespace

// Boxes that lie inside, do not overlap and have the volume of the whole are the whole.
void require_complete(const StoredArray& array, const std::string& name) {
  uint64_t elements = 0;
  for (const TensorPart& part : array.parts) {
    const bool inside = part.expert_end <= array.experts() && part.outer_end <= array.outer() &&
                        part.inner_end <= array.inner() && part.expert_begin < part.expert_end &&
                        part.outer_begin < part.outer_end && part.inner_begin < part.inner_end;
    if (!inside) fail_in_file(part.file->path(), part.offset, "{} does not lie inside {}", part.name, name);
    for (const TensorPart* other = array.parts.data(); other != &part; ++other)
      if (overlap(part, *other)) {
        fail_in_file(FileFault::kDuplicate, part.file->path(), part.offset, "{} has numbers of {} that {} has too",
                     part.name, name, other->name);
      }
    elements += (part.expert_end - part.expert_begin) * (part.outer_end - part.outer_begin) *
                (part.inner_end - part.inner_begin);
  }
  const uint64_t wanted = array.experts() * array.outer() * array.inner();
  if (elements != wanted) {
    fail(GROK1_E_BAD_FILE, "{}: {} numbers wanted, found {} in {} parts", name, wanted, elements, array.parts.size());
  }
}

const Tensor& TensorSource::find(TensorRole role, uint32_t layer) const {
  for (const Tensor& tensor : tensors()) {
    if (tensor.role == role && tensor.layer == layer) return tensor;
  }
  fail(GROK1_E_INTERNAL, "no tensor of role {} in layer {}", static_cast<int>(role), layer);
}

std::unique_ptr<TensorSource> open_model(const std::string& path, const Faults* faults) {
  // A folder of several is one of xAI's: other files are made beside it.
  if (!has_xai_checkpoint(path)) {
    if (is_hf_checkpoint(path)) return open_hf_checkpoint(path, faults);
    if (is_gguf_path(path)) return open_gguf_checkpoint(path, faults);
  }
  return open_xai_checkpoint(path, faults);
}

}  // namespace grok1
