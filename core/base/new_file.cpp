#include "core/base/new_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <utility>

#include "core/base/failure.h"

namespace grok1 {

NewFile::NewFile(std::string path)
    : path_(std::move(path)),
      part_(path_ + ".part"),
      descriptor_(open(part_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)) {
  if (descriptor_ < 0) fail_to("cannot be made", errno);
}

NewFile::~NewFile() {
  if (descriptor_ < 0) return;
  close(descriptor_);
  unlink(part_.c_str());
}

void NewFile::fail_to(const char* what, int error_number) const {
  const grok1_status status = error_number == ENOSPC || error_number == EDQUOT    ? GROK1_E_DISK_FULL
                              : error_number == ENOENT || error_number == ENOTDIR ? GROK1_E_NOT_FOUND
                                                                                  : GROK1_E_IO;
  fail_in_system(status, error_number, fmt::format("{}: {}", part_, what));
}

void NewFile::append(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t n = write(descriptor_, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail_to("cannot be written", errno);
    bytes = bytes.subspan(static_cast<size_t>(n));
    size_ += static_cast<uint64_t>(n);
  }
}

void NewFile::append_zeros(uint64_t count) {
  static constexpr std::array<std::byte, 64> kZeros{};
  while (count > 0) {
    const uint64_t n = std::min<uint64_t>(count, kZeros.size());
    append(std::span(kZeros).first(n));
    count -= n;
  }
}

void NewFile::finish() {
  if (fsync(descriptor_) != 0) fail_to("cannot be brought to the disk", errno);
  if (rename(part_.c_str(), path_.c_str()) != 0) fail_to("cannot be renamed", errno);
  close(std::exchange(descriptor_, -1));
  sync_folder();
}

// So that the name stays when the power goes. Not every file system can do that with a folder.
void NewFile::sync_folder() const {
  const std::string folder = std::filesystem::path(path_).parent_path().string();
  const int descriptor = open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;
  fsync(descriptor);
  close(descriptor);
}

}  // namespace grok1
