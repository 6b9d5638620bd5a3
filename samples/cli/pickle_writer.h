// Writes arrays as Python's pickle module (protocol 4, writing to a file) would write a numpy array, or xAI's
// QuantizedWeight8bit of two arrays, byte for byte. A pickle comes out as pieces of bytes with gaps between them where
// the caller puts the arrays' data, so that no array is ever held in memory. Knows nothing about models.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace cli {

enum class ElementType { kInt8, kFloat32, kBfloat16 };

struct ArrayShape {
  ElementType type;
  std::vector<uint64_t> shape;  // rank 1 to 3, each below 2^31

  uint64_t bytes() const;
};

struct PicklePiece {
  std::string bytes;
  uint64_t payload = 0;  // bytes of array data that follow; 0 in the last piece
};

std::vector<PicklePiece> pickle_array(const ArrayShape& array);
std::vector<PicklePiece> pickle_quantized(const ArrayShape& weight, const ArrayShape& scales);

}  // namespace cli
