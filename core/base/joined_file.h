// One file, or several that are the pieces of one which was cut at any byte (x.gguf.part1of3, ...): its bytes by
// offset, as if it had never been cut. Knows nothing of their content, nor how the pieces are found.
#pragma once

#include <vector>

#include "core/base/mapped_file.h"

namespace grok1 {

// Where a byte lies, for messages.
struct FilePlace {
  const std::string& path;
  uint64_t offset;
};

class JoinedFile {
 public:
  // Maps the files, one or more, in their order. Throws what MappedFile throws.
  explicit JoinedFile(std::vector<std::string> paths);

  const std::string& path() const { return files_.front().path(); }
  const std::vector<MappedFile>& files() const { return files_; }
  uint64_t size() const { return size_; }

  // Ranges given to the next three lie inside.
  void read(uint64_t offset, std::span<std::byte> to) const;
  const std::byte* contiguous(uint64_t offset, uint64_t size) const;    // NULL where a cut lies inside the range
  std::vector<FileRange> ranges(uint64_t offset, uint64_t size) const;  // in order; one without a cut
  FilePlace place(uint64_t offset) const;                               // the end of all belongs to the last file

  void set_readahead(bool on) const noexcept;  // as of MappedFile
  void require_unchanged() const;

 private:
  size_t file_of(uint64_t offset) const;

  std::vector<MappedFile> files_;
  std::vector<uint64_t> begins_;  // of each file, in the whole
  uint64_t size_ = 0;
};

}  // namespace grok1
