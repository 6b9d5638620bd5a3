// Keys and names: gguf-py 0.19 (constants.py: general.type, imatrix.*) and llama.cpp's tools/imatrix.
#include "core/convert/imatrix.h"

#include <cmath>

#include "core/base/failure.h"
#include "core/formats/gguf_header.h"

namespace grok1 {
namespace {

constexpr std::string_view kSums = ".in_sum2", kCounts = ".counts";

float number_at(const JoinedFile& file, uint64_t offset) {
  float value;
  file.read(offset, std::as_writable_bytes(std::span(&value, 1)));
  return value;
}

}  // namespace

ImportanceMatrix::ImportanceMatrix(const std::string& path) : file_(std::make_unique<JoinedFile>(std::vector{path})) {
  const GgufHeader header = read_gguf_header(*file_);
  constexpr const char* kType = "general.type";
  if (!header.values.has(kType) || header.values.text(kType) != "imatrix") {
    header.values.refuse(kType, "imatrix wanted; the older .dat files are not read, llama.cpp's tool converts them");
  }
  for (const GgufTensor& tensor : header.tensors) {
    const bool sums = tensor.name.ends_with(kSums), counts = tensor.name.ends_with(kCounts);
    if (!sums && !counts) continue;
    if (tensor.encoding != GROK1_ENCODING_F32) {
      fail_in_file(path, tensor.type_at, "{}: F32 wanted", tensor.name);
    }
    Entry& entry = entries_[tensor.name.substr(0, tensor.name.size() - (sums ? kSums : kCounts).size())];
    const uint64_t elements = tensor.ne[0] * tensor.ne[1] * tensor.ne[2] * tensor.ne[3];  // checked with its bytes
    if (sums) {
      entry.sums_at = tensor.offset;
      entry.k = tensor.ne[0];
      entry.experts = entry.k == 0 ? 0 : elements / entry.k;
    } else {
      entry.counts_at = tensor.offset;
      entry.counts = elements;
    }
  }
}

std::vector<std::vector<float>> ImportanceMatrix::importance(const std::string& name, uint64_t experts,
                                                             uint64_t k) const {
  std::vector<std::vector<float>> all(experts);
  const auto found = entries_.find(name);
  if (found == entries_.end()) return all;
  const Entry& entry = found->second;
  if (entry.sums_at == 0 || entry.counts_at == 0 || entry.k != k || entry.experts != experts ||
      (entry.counts != experts && entry.counts != 1)) {
    fail_in_file(file_->path(), entry.sums_at,
                 "{}: {} sums and {} counts wanted, found {} x {} sums and {} counts; it was made from another model",
                 name, k, experts, entry.experts, entry.k, entry.counts);
  }
  file_->require_unchanged();
  for (uint64_t expert = 0; expert < experts; ++expert) {
    const float count = number_at(*file_, entry.counts_at + 4 * (entry.counts == 1 ? 0 : expert));
    if (!(count >= 0) || std::isinf(count)) {
      fail_in_file(file_->path(), entry.counts_at, "{}{}: counts of 0 or more wanted, found {}", name, kCounts, count);
    }
    if (count == 0) continue;
    all[expert].resize(k);
    file_->read(entry.sums_at + 4 * expert * k, std::as_writable_bytes(std::span(all[expert])));
    for (float& sum : all[expert]) {
      const float mean = sum / count;
      if (!(mean >= 0) || std::isinf(mean)) {
        fail_in_file(file_->path(), entry.sums_at, "{}{}: sums of squares wanted, found {} over {} tokens", name, kSums,
                     sum, count);
      }
      sum = mean;
    }
  }
  return all;
}

}  // namespace grok1
