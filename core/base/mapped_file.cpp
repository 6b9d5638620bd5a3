#include "core/base/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "core/base/failure.h"

namespace grok1 {
namespace {

int64_t changed_ns(const struct stat& status) {
  return static_cast<int64_t>(status.st_mtim.tv_sec) * 1'000'000'000 + status.st_mtim.tv_nsec;
}

}  // namespace

MappedFile::MappedFile(std::string path) : path_(std::move(path)) {
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
    size_ = static_cast<size_t>(status.st_size);
    device_ = status.st_dev;
    inode_ = status.st_ino;
    changed_ns_ = changed_ns(status);
    if (size_ > 0) {
      void* address = mmap(nullptr, size_, PROT_READ, MAP_SHARED, descriptor, 0);
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
    : path_(std::move(other.path_)),
      data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      device_(other.device_),
      inode_(other.inode_),
      changed_ns_(other.changed_ns_) {}

MappedFile::~MappedFile() {
  if (data_ != nullptr) munmap(const_cast<std::byte*>(data_), size_);
}

void MappedFile::require_unchanged() const {
  struct stat status;
  // Another file in its place, or none, does not touch the one that is mapped.
  if (stat(path_.c_str(), &status) != 0 || status.st_dev != device_ || status.st_ino != inode_) return;
  if (static_cast<size_t>(status.st_size) == size_ && changed_ns(status) == changed_ns_) return;
  throw Failure(GROK1_E_BAD_FILE,
                fmt::format("{}: the file changed while it was in use (it had {} bytes, now {}); load the model again",
                            path_, size_, static_cast<uint64_t>(status.st_size)),
                GROK1_SOURCE_FILE);
}

}  // namespace grok1
