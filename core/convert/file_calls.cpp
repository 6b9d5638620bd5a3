#include "core/convert/file_calls.h"

#include <cerrno>

namespace grok1 {
namespace {

int open_file(const char* path, int flags, mode_t mode) {
  return open(path, flags, mode);
}

// Not every file system can refuse to replace; there what is at the place was looked at when the conversion began.
int rename_file(const char* from, const char* to, bool replace) {
  if (replace) return rename(from, to);
  const int result = renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE);
  if (result == 0 || (errno != EINVAL && errno != ENOSYS)) return result;
  return rename(from, to);
}

}  // namespace

const FileCalls& file_calls() {
  static constexpr FileCalls kSystem = {open_file, fallocate, ftruncate, pwrite, fdatasync, fsync, rename_file, unlink};
  return kSystem;
}

}  // namespace grok1
