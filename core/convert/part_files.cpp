#include "core/convert/part_files.h"

#include <sys/stat.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <cerrno>

#include "core/convert/disk.h"

namespace grok1 {
namespace {

bool has_size(const std::string& path, uint64_t bytes) {
  struct stat status;
  return lstat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) && static_cast<uint64_t>(status.st_size) == bytes;
}

uint64_t room_beside(const std::string& path) {
  const size_t slash = path.rfind('/');
  struct statvfs status;
  if (statvfs(slash == path.npos ? "." : path.substr(0, slash + 1).c_str(), &status) != 0) return 0;
  return uint64_t{status.f_bavail} * status.f_frsize;
}

}  // namespace

PartFiles::PartFiles(const FileCalls& calls, std::vector<Target> targets)
    : calls_(calls), targets_(std::move(targets)) {}

PartFiles::~PartFiles() {
  for (const int descriptor : descriptors_) close(descriptor);
}

bool PartFiles::any_target_exists() const {
  return std::any_of(targets_.begin(), targets_.end(), [](const Target& target) { return is_on_disk(target.path); });
}

bool PartFiles::any_part_exists() const {
  return std::any_of(targets_.begin(), targets_.end(), [](const Target& target) { return is_on_disk(target.part()); });
}

bool PartFiles::all_exist(bool or_target) const {
  return std::all_of(targets_.begin(), targets_.end(), [&](const Target& target) {
    return has_size(target.part(), target.bytes) || (or_target && has_size(target.path, target.bytes));
  });
}

void PartFiles::open(bool anew) {
  for (const Target& target : targets_) {
    descriptors_.push_back(open_on_disk(calls_, target.part(), O_RDWR | O_CREAT | (anew ? O_TRUNC : 0)));
    if (anew) reserve(target, descriptors_.back());
  }
}

// Where a file system cannot reserve, its free room is compared, and the file is as long as it will be.
void PartFiles::reserve(const Target& target, int descriptor) const {
  int error_number = 0;
  while (calls_.fallocate(descriptor, 0, 0, static_cast<off_t>(target.bytes)) != 0 && (error_number = errno) == EINTR)
    error_number = 0;
  const bool cannot = error_number == EOPNOTSUPP || error_number == ENOSYS;
  if (cannot && room_beside(target.path) < target.bytes) error_number = ENOSPC;
  if (error_number != 0 && !(cannot && error_number != ENOSPC)) {
    fail_on_disk(target.part(), error_number,
                 fmt::format("{} bytes are needed, {} are free", target.bytes, room_beside(target.path)));
  }
  if (!cannot) return;
  while (calls_.ftruncate(descriptor, static_cast<off_t>(target.bytes)) != 0)
    if (errno != EINTR) fail_on_disk(target.part(), errno, "cannot be made as long as it will be");
}

void PartFiles::write(uint32_t file, const void* bytes, uint64_t size, uint64_t offset) {
  write_on_disk(calls_, descriptors_[file], targets_[file].part(), bytes, size, offset);
}

// The disk begins with it at once: what waits in memory stays little.
void PartFiles::start_writeback(uint32_t file, uint64_t offset, uint64_t size) noexcept {
  sync_file_range(descriptors_[file], static_cast<off_t>(offset), static_cast<off_t>(size), SYNC_FILE_RANGE_WRITE);
}

void PartFiles::sync(uint32_t file) {
  sync_on_disk(calls_, descriptors_[file], targets_[file].part());
}

void PartFiles::drop_from_cache(uint32_t file) noexcept {
  posix_fadvise(descriptors_[file], 0, 0, POSIX_FADV_DONTNEED);
}

void PartFiles::rename_all(bool replace) {
  if (targets_.size() > 1 && is_on_disk(targets_.front().part()) && is_on_disk(targets_.front().path)) {
    if (!replace) fail(GROK1_E_EXISTS, "{}: this file has come up meanwhile; it is kept", targets_.front().path);
    remove_on_disk(calls_, targets_.front().path);  // old and new shards must not be taken for one model
    sync_folder_of(calls_, targets_.front().path);
  }
  for (auto target = targets_.rbegin(); target != targets_.rend(); ++target) {
    if (!is_on_disk(target->part())) continue;  // was renamed before
    while (calls_.rename(target->part().c_str(), target->path.c_str(), replace) != 0) {
      if (errno == EINTR) continue;
      if (errno == EEXIST) fail(GROK1_E_EXISTS, "{}: this file has come up meanwhile; it is kept", target->path);
      fail_on_disk(target->path, errno, "cannot get its name");
    }
  }
  sync_folder_of(calls_, targets_.front().path);
}

void PartFiles::remove() {
  for (const Target& target : targets_) remove_on_disk(calls_, target.part());
}

}  // namespace grok1
