// A file mapped read-only, whole. Knows nothing of its content.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace grok1 {

class MappedFile {
 public:
  // Throws GROK1_E_NOT_FOUND, GROK1_E_IO (a directory, no permission). An empty file maps to an empty span.
  explicit MappedFile(std::string path);
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept;
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  MappedFile& operator=(MappedFile&&) = delete;

  const std::string& path() const { return path_; }
  std::span<const std::byte> bytes() const { return {data_, size_}; }
  uint64_t size() const { return size_; }

  // Throws GROK1_E_BAD_FILE if the file's size or time of change is not what it was when it was mapped: reading a
  // mapping of a file that has shrunk would be fatal to the process.
  void require_unchanged() const;

 private:
  std::string path_;
  const std::byte* data_ = nullptr;
  size_t size_ = 0;
  dev_t device_ = 0;
  ino_t inode_ = 0;
  int64_t changed_ns_ = 0;
};

}  // namespace grok1
