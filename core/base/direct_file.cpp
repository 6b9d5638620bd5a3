#include "core/base/direct_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

#include "core/base/failure.h"

namespace grok1 {

DirectFile::DirectFile(const MappedFile& file, PreadFn pread) : file_(file), pread_(pread) {
  constexpr int kFlags = O_RDONLY | O_CLOEXEC;
  descriptor_ = open(file.path().c_str(), kFlags | O_DIRECT);
  if (descriptor_ < 0 && errno == EINVAL) {
    descriptor_ = open(file.path().c_str(), kFlags);
    if (descriptor_ >= 0) use_page_cache();
  }
  if (descriptor_ < 0) {
    const int error = errno;
    fail_in_system(error == ENOENT || error == ENOTDIR ? GROK1_E_NOT_FOUND : GROK1_E_IO, error,
                   file.path() + ": cannot open");
  }
  try {
    require_unchanged();
  } catch (...) {
    close(descriptor_);
    throw;
  }
}

DirectFile::~DirectFile() {
  close(descriptor_);
}

// Readahead would bring pages that nobody drops.
void DirectFile::use_page_cache() {
  direct_ = false;
  fcntl(descriptor_, F_SETFL, 0);
  posix_fadvise(descriptor_, 0, 0, POSIX_FADV_RANDOM);
}

void DirectFile::require_unchanged() const {
  struct stat status;
  if (fstat(descriptor_, &status) != 0) fail_in_system(GROK1_E_IO, errno, file_.path() + ": cannot stat");
  file_.require_unchanged(FileStamp(status));
}

std::span<const std::byte> DirectFile::read(uint64_t offset, uint64_t size, std::byte* buffer) {
  const uint64_t begin = offset / kBlock * kBlock, wanted = offset + size;
  const uint64_t end = (wanted + kBlock - 1) / kBlock * kBlock;
  for (uint64_t at = begin; at < wanted;) {
    const ssize_t n = pread_(descriptor_, buffer + (at - begin), end - at, static_cast<off_t>(at));
    if (n > 0) {
      at += static_cast<uint64_t>(n);  // after an odd number the next read is refused, and goes through the page cache
    } else if (n == 0) {
      fail_in_file(FileFault::kChanged, file_.path(), at,
                   "the file ends here, {} bytes wanted: it was cut off while it was read; load again", file_.size());
    } else if (errno == EINVAL && direct_) {
      use_page_cache();
    } else if (errno != EINTR) {
      fail_in_system(GROK1_E_IO, errno, fmt::format("{}: cannot read at byte {}", file_.path(), at));
    }
  }
  if (!direct_) {
    posix_fadvise(descriptor_, static_cast<off_t>(begin), static_cast<off_t>(end - begin), POSIX_FADV_DONTNEED);
  }
  require_unchanged();
  return {buffer + (offset - begin), size};
}

}  // namespace grok1
