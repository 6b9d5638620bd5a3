// A file without a place on any disk: tests that write a file thousands of times do not wait for one.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace grok1::test {

class MemoryFile {
 public:
  explicit MemoryFile(std::string_view bytes = {}) : descriptor_(memfd_create("grok1-test", MFD_CLOEXEC)) {
    if (descriptor_ < 0) std::abort();
    put(0, bytes);
  }
  ~MemoryFile() { close(descriptor_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  // May be opened as long as this object lives, by a symbolic link of another name, too.
  std::string path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

  void put(uint64_t offset, std::string_view bytes) {
    const ssize_t written = pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written != static_cast<ssize_t>(bytes.size())) std::abort();
  }
  void resize(uint64_t size) {
    if (ftruncate(descriptor_, static_cast<off_t>(size)) != 0) std::abort();
  }

 private:
  int descriptor_;
};

}  // namespace grok1::test
