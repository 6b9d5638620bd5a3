#include "core/base/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "core/base/failure.h"

namespace grok1 {

FileStamp::FileStamp(const struct stat& status)
    : device(status.st_dev),
      inode(status.st_ino),
      size(static_cast<uint64_t>(status.st_size)),
      changed_ns(static_cast<int64_t>(status.st_mtim.tv_sec) * 1'000'000'000 + status.st_mtim.tv_nsec) {}

MappedFile::MappedFile(std::string path) : path_(std::move(path)), stamp_({}) {
  const int descriptor = open(path_.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) {
    const int error = errno;
    fail_in_system(error == ENOENT || error == ENOTDIR ? GROK1_E_NOT_FOUND : GROK1_E_IO, error,
                   path_ + ": cannot open");
  }
  try {
    struct stat status;
    if (fstat(descriptor, &status) != 0) fail_in_system(GROK1_E_IO, errno, path_ + ": cannot stat");
    if (!S_ISREG(status.st_mode)) {
      throw Failure(GROK1_E_IO,
                    fmt::format("{}: a file is wanted here, found {}", path_,
                                S_ISDIR(status.st_mode) ? "a directory" : "something that is not a regular file"),
                    GROK1_SOURCE_SYSTEM, S_ISDIR(status.st_mode) ? EISDIR : EINVAL);
    }
    stamp_ = FileStamp(status);
    if (size() > 0) {
      void* address = mmap(nullptr, size(), PROT_READ, MAP_SHARED, descriptor, 0);
      if (address == MAP_FAILED) {
        fail_in_system(errno == ENOMEM ? GROK1_E_OUT_OF_MEMORY : GROK1_E_IO, errno, path_ + ": cannot map");
      }
      data_ = static_cast<const std::byte*>(address);
    }
  } catch (...) {
    close(descriptor);
    throw;
  }
  close(descriptor);  // the mapping stays; a model has 770 files and a process often no more than 1024 descriptors
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : path_(std::move(other.path_)), stamp_(other.stamp_), data_(std::exchange(other.data_, nullptr)) {
  other.stamp_.size = 0;
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) munmap(const_cast<std::byte*>(data_), size());
}

void MappedFile::set_readahead(bool on) const noexcept {
  if (data_ != nullptr) madvise(const_cast<std::byte*>(data_), size(), on ? MADV_NORMAL : MADV_RANDOM);
}

void MappedFile::require_unchanged() const {
  struct stat status;
  // Another file in its place, or none, does not touch the one that is mapped.
  if (stat(path_.c_str(), &status) == 0 && stamp_.is_same_file(FileStamp(status))) require_unchanged(FileStamp(status));
}

void MappedFile::require_unchanged(const FileStamp& now) const {
  if (now == stamp_) return;
  throw Failure(GROK1_E_BAD_FILE,
                fmt::format("{}: the file changed while it was in use (it had {} bytes, now {}); load the model again",
                            path_, size(), now.size),
                GROK1_SOURCE_FILE)
      .counted_as(FileFault::kChanged);
}

}  // namespace grok1
