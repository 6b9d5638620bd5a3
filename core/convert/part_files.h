// The files of a conversion while they are not complete: NAME.part beside each target, of its full size from the start,
// so that a disk that is too small is found before anything is read. They get their names at the very end.
#pragma once

#include <string>
#include <vector>

#include "core/convert/file_calls.h"

namespace grok1 {

class PartFiles {
 public:
  struct Target {
    std::string path;
    uint64_t bytes;
    std::string part() const { return path + ".part"; }
  };

  PartFiles(const FileCalls& calls, std::vector<Target> targets);
  ~PartFiles();
  PartFiles(const PartFiles&) = delete;
  PartFiles& operator=(const PartFiles&) = delete;

  const std::vector<Target>& targets() const { return targets_; }
  bool any_target_exists() const;
  bool any_part_exists() const;
  // Whether each part, or where `or_target` its target, is there with its full size.
  bool all_exist(bool or_target) const;

  // Opens the parts that are there, or makes them anew. Throws GROK1_E_DISK_FULL with what is needed, GROK1_E_IO.
  void open(bool anew);
  void write(uint32_t file, const void* bytes, uint64_t size, uint64_t offset);
  void start_writeback(uint32_t file, uint64_t offset, uint64_t size) noexcept;
  void sync(uint32_t file);
  void drop_from_cache(uint32_t file) noexcept;

  // Gives every part its name, the first target last: until then it is absent, or the old one. Goes on where an earlier
  // one was stopped. Throws GROK1_E_EXISTS.
  void rename_all(bool replace);
  void remove();  // the parts

 private:
  void reserve(const Target& target, int descriptor) const;

  const FileCalls& calls_;
  std::vector<Target> targets_;
  std::vector<int> descriptors_;
};

}  // namespace grok1
