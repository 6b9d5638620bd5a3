// The release's ckpt-0 of 318 GB as sparse files: every header as published, every payload a hole. Shapes and order:
// docs/formats/ckpt-0.md.
#pragma once

#include <filesystem>
#include <fstream>
#include <vector>

#include "tests/unit/formats/pickle_builder.h"

namespace grok1::test {

struct SparseEntry {
  std::vector<int64_t> shape;
  int64_t groups;  // 0: f32
};

inline std::vector<SparseEntry> sparse_grok1_entries() {
  const std::vector<SparseEntry> layer{{{8, 6144, 32768}, 1}, {{8, 32768, 6144}, 8}, {{8, 6144, 32768}, 1},
                                       {{6144, 1024}, 1},     {{6144, 6144}, 8},     {{6144, 6144}, 1},
                                       {{6144, 1024}, 1},     {{6144}, 0},           {{6144}, 0},
                                       {{6144}, 0},           {{6144}, 0},           {{6144, 8}, 0}};
  std::vector<SparseEntry> entries{{{131072, 6144}, 0}, {{6144}, 0}};
  for (int i = 0; i < 64; ++i) entries.insert(entries.end(), layer.begin(), layer.end());
  return entries;
}

inline uint64_t sparse_bytes(const std::vector<int64_t>& shape, uint64_t item) {
  for (const int64_t size : shape) item *= static_cast<uint64_t>(size);
  return item;
}

// Parts with holes between them.
inline void write_sparse(const std::filesystem::path& path, const std::vector<std::string>& parts,
                         const std::vector<uint64_t>& holes) {
  std::ofstream file(path, std::ios::binary);
  for (size_t i = 0; i < parts.size(); ++i) {
    file << parts[i];
    if (i < holes.size()) file.seekp(static_cast<std::streamoff>(holes[i]), std::ios::cur);
  }
}

inline void write_sparse(const std::filesystem::path& path, const SparseEntry& entry) {
  ArrayParts weight;
  weight.shape = tuple(entry.shape);
  weight.dtype = entry.groups == 0 ? f32() : i8();
  const uint64_t weight_bytes = sparse_bytes(entry.shape, entry.groups == 0 ? 4 : 1);
  const std::string begin = weight.header() + payload_header(weight_bytes);
  if (entry.groups == 0) return write_sparse(path, {kProto + begin, "tb."}, {weight_bytes});
  std::vector<int64_t> scale_shape = entry.shape;
  scale_shape[scale_shape.size() - 2] = entry.groups;
  ArrayParts scales;
  scales.shape = tuple(scale_shape);
  scales.dtype = bf16();
  const uint64_t scale_bytes = sparse_bytes(scale_shape, 2);
  write_sparse(path,
               {kProto + kNewQuantized + "}(" + text("weight") + begin,
                "tb" + text("scales") + scales.header() + payload_header(scale_bytes), "tbub."},
               {weight_bytes, scale_bytes});
}

// Makes ckpt-0 in a folder.
inline void write_sparse_grok1(const std::filesystem::path& folder) {
  std::filesystem::create_directories(folder / "ckpt-0");
  const std::vector<SparseEntry> entries = sparse_grok1_entries();
  for (size_t i = 0; i < entries.size(); ++i) {
    std::string number = std::to_string(i);
    number.insert(0, 5 - number.size(), '0');
    write_sparse(folder / "ckpt-0" / ("tensor" + number + "_000"), entries[i]);
  }
}

}  // namespace grok1::test
