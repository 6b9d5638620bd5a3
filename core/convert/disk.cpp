#include "core/convert/disk.h"

#include <sys/stat.h>

#include <cerrno>

namespace grok1 {

void fail_on_disk(const std::string& path, int error_number, std::string_view what) {
  const bool full = error_number == ENOSPC || error_number == EDQUOT || error_number == EFBIG;
  const bool absent = error_number == ENOENT || error_number == ENOTDIR;
  fail_in_system(full     ? GROK1_E_DISK_FULL
                 : absent ? GROK1_E_NOT_FOUND
                          : GROK1_E_IO,
                 error_number, fmt::format("{}: {}", path, what));
}

int open_on_disk(const FileCalls& calls, const std::string& path, int flags) {
  for (;;) {
    const int descriptor = calls.open(path.c_str(), flags | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (descriptor >= 0) return descriptor;
    if (errno != EINTR) fail_on_disk(path, errno, "cannot be made");
  }
}

void write_on_disk(const FileCalls& calls, int descriptor, const std::string& path, const void* bytes, uint64_t size,
                   uint64_t offset) {
  const char* next = static_cast<const char*>(bytes);
  while (size > 0) {
    const ssize_t n = calls.pwrite(descriptor, next, size, static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) fail_on_disk(path, n == 0 ? ENOSPC : errno, fmt::format("cannot be written at byte {}", offset));
    next += n;
    offset += static_cast<uint64_t>(n);
    size -= static_cast<uint64_t>(n);
  }
}

void sync_on_disk(const FileCalls& calls, int descriptor, const std::string& path) {
  while (calls.fdatasync(descriptor) != 0)
    if (errno != EINTR) fail_on_disk(path, errno, "cannot be brought to the disk");
}

void sync_folder_of(const FileCalls& calls, const std::string& path) {
  const size_t slash = path.rfind('/');
  const std::string folder = slash == path.npos ? "." : path.substr(0, slash + 1);
  const int descriptor = open_on_disk(calls, folder, O_RDONLY | O_DIRECTORY);
  int error_number = 0;
  while (calls.fsync(descriptor) != 0 && (error_number = errno) == EINTR) error_number = 0;
  close(descriptor);
  // Some file systems have nothing to bring to a disk for a folder.
  if (error_number != 0 && error_number != EINVAL) fail_on_disk(folder, error_number, "cannot be brought to the disk");
}

void remove_on_disk(const FileCalls& calls, const std::string& path) {
  while (calls.unlink(path.c_str()) != 0) {
    if (errno == ENOENT) return;
    if (errno != EINTR) fail_on_disk(path, errno, "cannot be removed");
  }
}

bool is_on_disk(const std::string& path) {
  struct stat status;
  return lstat(path.c_str(), &status) == 0;
}

}  // namespace grok1
