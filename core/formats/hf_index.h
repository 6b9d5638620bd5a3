// model.safetensors.index.json: which tensor lies in which file of a folder. The format: docs/formats/safetensors.md.
#pragma once

#include <map>
#include <string>

#include "core/base/mapped_file.h"

namespace grok1 {

class HfIndex {
 public:
  // Throws GROK1_E_NOT_FOUND, GROK1_E_IO, GROK1_E_BAD_FILE.
  explicit HfIndex(const std::string& path);

  // By tensor; each is the name of a file in the index's own folder.
  const std::map<std::string, std::string>& files() const { return files_; }
  // A fault of what it says of a tensor: throws GROK1_E_BAD_FILE.
  [[noreturn]] void fail_at(const std::string& tensor, const std::string& what) const;

 private:
  MappedFile file_;
  std::map<std::string, std::string> files_;
};

}  // namespace grok1
