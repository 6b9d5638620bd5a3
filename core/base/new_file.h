// A file that appears under its name only when it is whole: written as NAME.part, brought to the disk, renamed. Knows
// nothing of what is in it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace grok1 {

class NewFile {
 public:
  // Throws GROK1_E_NOT_FOUND where the folder is not there, GROK1_E_IO, GROK1_E_DISK_FULL; as all functions here.
  explicit NewFile(std::string path);
  ~NewFile();  // without finish() nothing is left
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  uint64_t size() const { return size_; }
  void append(std::span<const std::byte> bytes);
  void append_zeros(uint64_t count);

  // Everything is on the disk and under the file's own name, in the place of a file that had it.
  void finish();

 private:
  [[noreturn]] void fail_to(const char* what, int error_number) const;
  void sync_folder() const;

  std::string path_, part_;
  int descriptor_;
  uint64_t size_ = 0;
};

}  // namespace grok1
