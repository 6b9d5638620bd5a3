// One file, opened to be read past the page cache: the bytes go from the disk to the caller's memory and leave nothing
// behind. Where the file system refuses that, as tmpfs may, the page cache is used and what was read is dropped from it
// again. Which ranges are wanted, and how many at a time, read_ahead.h.
#pragma once

#include <sys/types.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/base/mapped_file.h"

namespace grok1 {

// pread(2), or what a test puts in its place.
using PreadFn = ssize_t (*)(int descriptor, void* buffer, size_t size, off_t offset);

class DirectFile {
 public:
  // What positions, sizes and memory are aligned to: the largest logical block that disks have.
  static constexpr uint64_t kBlock = 4096;
  // Bytes of buffer that a read of `size` bytes needs, wherever they begin.
  static constexpr uint64_t room_for(uint64_t size) { return (size + 2 * kBlock - 2) / kBlock * kBlock; }

  // `file` outlives it. Throws GROK1_E_NOT_FOUND, GROK1_E_IO, and GROK1_E_BAD_FILE if what lies at the path is no
  // longer what was mapped.
  explicit DirectFile(const MappedFile& file, PreadFn pread = ::pread);
  ~DirectFile();
  DirectFile(const DirectFile&) = delete;
  DirectFile& operator=(const DirectFile&) = delete;

  // Bytes offset .. offset + size, which lie inside the file, somewhere in `buffer`: memory aligned to kBlock with
  // room_for(size). Throws GROK1_E_IO, and GROK1_E_BAD_FILE if the file changed or ends early, with the byte.
  std::span<const std::byte> read(uint64_t offset, uint64_t size, std::byte* buffer);

  bool is_direct() const { return direct_; }

 private:
  void use_page_cache();
  void require_unchanged() const;

  const MappedFile& file_;
  PreadFn pread_;
  int descriptor_ = -1;
  bool direct_ = true;
};

}  // namespace grok1
