// Which files a GGUF model lies in, by their names: one, several that gguf-split made (NAME-00001-of-00009.gguf), or
// the pieces of one that was cut at any byte (NAME.gguf.part1of3). Looks into no file but for its first four bytes.
#pragma once

#include <string>
#include <vector>

namespace grok1 {

class Faults;  // faults.h

struct GgufFiles {
  std::vector<std::vector<std::string>> shards;  // of each, the paths of its pieces in their order
  bool is_split = false;                         // by gguf-split, as the names have it
};

// Whether the path names such a file, or a folder that contains one.
bool is_gguf_path(const std::string& path);

// path: any of the files, or a folder that contains those of one model. All names are made from the given one, so that
// none leads out of its folder. Throws GROK1_E_NOT_FOUND (names what is missing), GROK1_E_UNSUPPORTED (several models).
// With `faults` a shard that is missing has no pieces; of a file that was cut, one piece that is missing leaves none.
GgufFiles find_gguf_files(const std::string& path, const Faults* faults = nullptr);

}  // namespace grok1
