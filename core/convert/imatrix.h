// An importance matrix as llama.cpp's imatrix tool writes it: for each weight matrix the mean squares of the numbers
// that it was multiplied with, a GGUF file with NAME.in_sum2 and NAME.counts, NAME being the matrix's own. The format:
// docs/convert.md.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/base/joined_file.h"

namespace grok1 {

class ImportanceMatrix {
 public:
  // Throws GROK1_E_NOT_FOUND, GROK1_E_IO, GROK1_E_BAD_FILE with the byte, GROK1_E_UNSUPPORTED.
  explicit ImportanceMatrix(const std::string& path);

  const FileStamp& stamp() const { return file_->files().front().stamp(); }
  bool has(const std::string& name) const { return entries_.count(name) != 0; }  // as GGUF names the tensor

  // [experts, k] numbers of 0 or more; experts that saw no token, and names that are not there, have none: empty.
  // Throws GROK1_E_BAD_FILE where the file has another shape, or numbers that are no mean of squares.
  std::vector<std::vector<float>> importance(const std::string& name, uint64_t experts, uint64_t k) const;

 private:
  struct Entry {
    uint64_t sums_at = 0, counts_at = 0;  // 0: not there
    uint64_t k = 0, experts = 0, counts = 0;
  };

  std::unique_ptr<JoinedFile> file_;
  std::map<std::string, Entry> entries_;
};

}  // namespace grok1
