// Which safetensors files make up a model: one, several, those of an index, or shards of tensor-parallel ranks as
// SGLang reads them. Decides by names alone; the files are opened by hf_checkpoint.cpp.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace grok1 {

class Faults;  // faults.h

struct HfFile {
  std::string path;
  std::optional<uint32_t> rank;  // of a shard; nothing where tensors are whole
};

struct HfFiles {
  std::string folder;
  std::string index;          // path of model.safetensors.index.json; "" where it is not to be read
  std::vector<HfFile> files;  // by name; empty where the index says which
  uint32_t ranks = 0;         // 0: no shards
  bool complete = true;       // with `faults`: false if some rank has no file
};

// Whether a model path is a safetensors file or a folder with such files or their index.
bool is_hf_checkpoint(const std::string& path);

// Of a path for which that is so. Throws GROK1_E_NOT_FOUND if a rank has no file, GROK1_E_UNSUPPORTED if the path is a
// single shard.
HfFiles find_hf_files(const std::string& path, const Faults* faults = nullptr);

}  // namespace grok1
