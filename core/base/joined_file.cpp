#include "core/base/joined_file.h"

#include <algorithm>
#include <cstring>

#include "core/base/checked_size.h"

namespace grok1 {

JoinedFile::JoinedFile(std::vector<std::string> paths) {
  for (std::string& path : paths) {
    begins_.push_back(size_);
    files_.emplace_back(std::move(path));
    size_ = (CheckedSize(size_) + files_.back().size()).value();
  }
}

size_t JoinedFile::file_of(uint64_t offset) const {
  const auto behind = std::upper_bound(begins_.begin(), begins_.end(), offset);
  return static_cast<size_t>(behind - begins_.begin()) - 1;
}

std::vector<FileRange> JoinedFile::ranges(uint64_t offset, uint64_t size) const {
  std::vector<FileRange> all;
  for (size_t i = file_of(offset); size > 0; ++i) {
    const uint64_t at = offset - begins_[i], here = std::min(size, files_[i].size() - at);
    if (here > 0) all.push_back({&files_[i], at, here});
    offset += here;
    size -= here;
  }
  return all;
}

void JoinedFile::read(uint64_t offset, std::span<std::byte> to) const {
  std::byte* next = to.data();
  for (const FileRange& range : ranges(offset, to.size())) {
    std::memcpy(next, range.file->bytes().data() + range.offset, range.size);
    next += range.size;
  }
}

const std::byte* JoinedFile::contiguous(uint64_t offset, uint64_t size) const {
  const size_t i = file_of(offset);
  const uint64_t at = offset - begins_[i];
  return size <= files_[i].size() - at ? files_[i].bytes().data() + at : nullptr;
}

FilePlace JoinedFile::place(uint64_t offset) const {
  const size_t i = file_of(offset);
  return {files_[i].path(), offset - begins_[i]};
}

void JoinedFile::set_readahead(bool on) const noexcept {
  for (const MappedFile& file : files_) file.set_readahead(on);
}

void JoinedFile::require_unchanged() const {
  for (const MappedFile& file : files_) file.require_unchanged();
}

}  // namespace grok1
