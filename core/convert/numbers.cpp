#include "core/convert/numbers.h"

#include <algorithm>

#include "core/base/encoding.h"
#include "core/convert/transpose.h"
#include "encodings/encoding.h"

namespace grok1 {
namespace {

using encodings::Id;

template <class T>
void turn(const BandSource& source, const Tile& tile, TileMemory& memory) {
  const T* from = reinterpret_cast<const T*>(source.band.values) + tile.k_begin * source.rows + tile.row_begin;
  transpose(from, source.rows, tile.size(), tile.rows(), reinterpret_cast<T*>(memory.stored), kTileK);
}

}  // namespace

float BandSource::scale(uint64_t group, uint64_t row) const {
  const StoredArray& scales = matrix.tensor->scales;
  const uint64_t bytes = encoding_bytes(scales.encoding);
  float value = 0;
  encodings::decode(Id(scales.encoding), band.scales + (group * rows + row) * bytes, 1, &value);
  return value;
}

void scale_int8(const BandSource& source, const Tile& tile, const int8_t* stored, float* x) {
  const uint64_t group_size = source.matrix.k / source.matrix.tensor->scale_groups();
  for (uint64_t k = tile.k_begin; k < tile.k_end;) {
    const uint64_t group = k / group_size, end = std::min(tile.k_end, (group + 1) * group_size);
    const float scale = source.scale(group, tile.row_begin);
    for (uint64_t i = k - tile.k_begin; i < end - tile.k_begin; ++i) x[i] = scale * static_cast<float>(stored[i]);
    k = end;
  }
}

void turn_stored(const BandSource& source, const Tile& tile, TileMemory& memory) {
  switch (encoding_bytes(source.matrix.tensor->values.encoding)) {
    case 1: return turn<uint8_t>(source, tile, memory);
    case 2: return turn<uint16_t>(source, tile, memory);
    default: return turn<uint32_t>(source, tile, memory);
  }
}

void read_numbers(const BandSource& source, const Tile& tile, TileMemory& memory) {
  const uint32_t encoding = source.matrix.tensor->values.encoding;
  if (source.matrix.is_kn) {
    turn_stored(source, tile, memory);
    const uint64_t bytes = encoding_bytes(encoding);
    for (uint64_t row = 0; row < tile.rows(); ++row) {
      const std::byte* stored = memory.stored + row * kTileK * bytes;
      if (encoding == GROK1_ENCODING_I8) {
        const uint64_t at = tile.row_begin + row;
        scale_int8(source, {at, at + 1, tile.k_begin, tile.k_end}, reinterpret_cast<const int8_t*>(stored),
                   memory.x[row]);
      } else {
        encodings::decode(Id(encoding), stored, tile.size(), memory.x[row]);
      }
    }
    return;
  }
  const EncodingShape block = encoding_shape(encoding);
  const uint64_t row_bytes = encoded_bytes(encoding, source.matrix.k);
  for (uint64_t row = 0; row < tile.rows(); ++row) {
    const std::byte* stored =
        source.band.values + (tile.row_begin + row) * row_bytes + tile.k_begin / block.elements * block.bytes;
    encodings::decode(Id(encoding), stored, tile.size() / block.elements, memory.x[row]);
  }
}

}  // namespace grok1
