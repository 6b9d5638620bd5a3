// A file mapped read-only, whole. Knows nothing of its content.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

struct stat;

namespace grok1 {

// Which file it is and in which state: what tells that another one took its place, or that it was written to.
struct FileStamp {
  explicit FileStamp(const struct stat& status);
  bool is_same_file(const FileStamp& other) const { return device == other.device && inode == other.inode; }
  bool operator==(const FileStamp&) const = default;

  dev_t device;
  ino_t inode;
  uint64_t size;
  int64_t changed_ns;
};

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
  std::span<const std::byte> bytes() const { return {data_, stamp_.size}; }
  uint64_t size() const { return stamp_.size; }
  const FileStamp& stamp() const { return stamp_; }  // as it was when it was mapped

  // Whether the system shall read on behind what is touched. It does until it is told not to.
  void set_readahead(bool on) const noexcept;

  // Throws GROK1_E_BAD_FILE if the file's size or time of change is not what it was when it was mapped: reading a
  // mapping of a file that has shrunk would be fatal to the process.
  void require_unchanged() const;
  // The same of what `now` says of it.
  void require_unchanged(const FileStamp& now) const;

 private:
  std::string path_;
  FileStamp stamp_;
  const std::byte* data_ = nullptr;
};

// Some bytes of a file, which outlives this.
struct FileRange {
  const MappedFile* file;
  uint64_t offset, size;
};

}  // namespace grok1
