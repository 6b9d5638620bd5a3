// A strip of 16 outputs times a few rows, by one block: bound by reading the weights, each once. The waves divide the
// blocks of 256 inputs among them and leave each block's product in shared memory; then one thread per output adds them
// in their one order (operators.md section 5), so that the bits do not depend on who computed what, nor on how many
// rows there are: many_rows.h gives the same.
#ifndef GROK1_BACKENDS_GPU_KERNELS_FEW_ROWS_H
#define GROK1_BACKENDS_GPU_KERNELS_FEW_ROWS_H

#include "backends/gpu/kernels/numbers.h"

namespace grok1::accel::GROK1_GPU_VARIANT {

constexpr uint32_t kSegment = 32;                      // blocks whose products are in shared memory at a time
constexpr uint32_t kLoads = kTile / (16 * kWave);      // loads of 16 int8 that a lane makes of a tile
constexpr uint32_t kOutputsPerLoad = kTileN / kLoads;  // a quarter of the wave reads the inputs of one output

// Rows of x that are multiplied together; those beyond `count` repeat another.
template <int R>
struct FewRows {
  uint32_t row[R];
  uint32_t count;
};

// 16 consecutive weights of a lane as floats.
template <Element E>
GPU_DEVICE void load_weights(const char* from, float (&w)[16]) {
  constexpr uint32_t kEach = 16 / bytes_of(E);
  for (uint32_t i = 0; i < 16 / kEach; ++i) {
    const Word4 words = gpu::load_once(reinterpret_cast<const Word4*>(from) + i);
    for (uint32_t j = 0; j < kEach; ++j) w[i * kEach + j] = value_in<E>(words, j);
  }
}

// `valid` of 16 inputs; the others are padding.
GPU_DEVICE void load_inputs(const float* from, uint32_t valid, float (&x)[16]) {
  for (uint32_t i = 0; i < 16; ++i) x[i] = i < valid ? gpu::load(from + i) : 0.0f;
}

// The products of one block of inputs as bits: an exact integer for i8, otherwise a float. products: [R][16].
template <Element E, int R>
GPU_DEVICE void multiply_block(const char* tiles, const Split& split, uint32_t block, const Rows& x,
                               const FewRows<R>& rows, uint32_t* products) {
  const uint32_t n_tiles = split.places(block) / kTileK, quarter = lane() % 4;
  const uint32_t place = split.place_of_block(block);
  if constexpr (E == Element::i8) {
    int32_t high[kLoads][R] = {}, low[kLoads][R] = {};
    for (uint32_t t = 0; t < n_tiles; ++t) {
      const char* tile = tiles + uint64_t{place / kTileK + t} * kTile;
      Word4 w[kLoads];
      for (uint32_t j = 0; j < kLoads; ++j)
        w[j] = gpu::load_once(reinterpret_cast<const Word4*>(tile) + lane() + j * kWave);
      for (int r = 0; r < R; ++r) {
        const int8_t* digits = x.digits + (uint64_t{rows.row[r]} * split.padded() + place + t * kTileK) * 2;
        const Word4* from = reinterpret_cast<const Word4*>(digits) + 2 * quarter;
        const Word4 h = gpu::load(from), l = gpu::load(from + 1);
        for (uint32_t j = 0; j < kLoads; ++j)
          for (int i = 0; i < 4; ++i) {
            high[j][r] = gpu::dot4(w[j].w[i], h.w[i], high[j][r]);
            low[j][r] = gpu::dot4(w[j].w[i], l.w[i], low[j][r]);
          }
      }
    }
    for (int r = 0; r < R; ++r)
      for (uint32_t j = 0; j < kLoads; ++j) {
        int32_t sum = 256 * high[j][r] + low[j][r];
        sum += gpu::shuffle_xor(sum, 1);
        sum += gpu::shuffle_xor(sum, 2);
        if (quarter == 0)
          products[static_cast<uint32_t>(r) * kTileN + j * kOutputsPerLoad + lane() / 4] = static_cast<uint32_t>(sum);
      }
  } else {
    const uint32_t begin = split.begin(block), count = split.count(block);
    float sums[kLoads][R] = {};
    for (uint32_t t = 0; t < n_tiles; ++t) {
      const char* tile = tiles + uint64_t{place / kTileK + t} * kTile * bytes_of(E);
      const uint32_t first = t * kTileK + quarter * 16, valid = first < count ? least(count - first, 16) : 0;
      for (uint32_t j = 0; j < kLoads; ++j) {
        float w[16];
        load_weights<E>(tile + uint64_t{lane() + j * kWave} * 16 * bytes_of(E), w);
        for (int r = 0; r < R; ++r) {
          float in[16];
          load_inputs(x.values + uint64_t{rows.row[r]} * x.stride + begin + first, valid, in);
          for (int i = 0; i < 16; ++i) sums[j][r] = fmaf(w[i], in[i], sums[j][r]);
        }
      }
    }
    for (int r = 0; r < R; ++r)
      for (uint32_t j = 0; j < kLoads; ++j) {
        float sum = sums[j][r];
        sum += gpu::shuffle_xor(sum, 1);
        sum += gpu::shuffle_xor(sum, 2);
        if (quarter == 0)
          products[static_cast<uint32_t>(r) * kTileN + j * kOutputsPerLoad + lane() / 4] = gpu::bits_of(sum);
      }
  }
}

// The one order in which an output's products are added: blocks of a chunk, chunks of a group, groups.
template <Element E>
class Sum {
 public:
  // The product of the next block; `input_scale` and the weight's `scale` are of i8 only.
  GPU_DEVICE void add(uint32_t product, float input_scale) {
    if constexpr (E == Element::i8)
      chunk_ = fmaf(static_cast<float>(static_cast<int32_t>(product)), input_scale, chunk_);
    else
      chunk_ += gpu::float_of(product);
  }
  GPU_DEVICE void end_chunk() {
    group_ += chunk_;
    chunk_ = 0;
  }
  GPU_DEVICE void end_group(float scale) {
    all_ = E == Element::i8 ? fmaf(group_, scale, all_) : group_;
    group_ = 0;
  }
  GPU_DEVICE float value() const { return all_; }

 private:
  float chunk_ = 0, group_ = 0, all_ = 0;
};

template <Element E>
GPU_DEVICE void end_block(Sum<E>& sum, const Matrix& m, uint32_t expert, uint32_t output, uint32_t block) {
  const uint32_t in_group = block % m.split.blocks_per_group() + 1;
  const bool ends_group = in_group == m.split.blocks_per_group();
  if (ends_group || in_group % kChunkBlocks == 0) sum.end_chunk();
  if (!ends_group) return;
  float scale = 1;
  if constexpr (E == Element::i8)
    scale = gpu::load(m.scales + m.scale_at(expert, block / m.split.blocks_per_group(), output));
  sum.end_group(scale);
}

// result[r][i] = row r . output 16 tile + i, for all threads of the block; products: shared, [kSegment][R][16].
template <Element E, int R>
GPU_DEVICE void multiply_few(const Matrix& m, uint32_t expert, uint32_t tile, const Rows& x, const FewRows<R>& rows,
                             uint32_t* products, float* result) {
  constexpr uint32_t kOutputs = R * kTileN;
  const char* tiles = m.tiles + m.strip(expert, tile);
  const uint32_t n_blocks = m.split.blocks();
  const uint32_t r = thread() / kTileN, i = thread() % kTileN;
  Sum<E> sum;
  for (uint32_t first = 0; first < n_blocks; first += kSegment) {
    const uint32_t end = least(first + kSegment, n_blocks);
    for (uint32_t b = first + wave(); b < end; b += kWaves)
      multiply_block<E, R>(tiles, m.split, b, x, rows, products + (b - first) * kOutputs);
    gpu::sync();
    if (thread() < kOutputs) {
      const float* input_scales = x.scales + uint64_t{rows.row[0]} * n_blocks;
      for (int s = 1; s < R; ++s)
        if (static_cast<uint32_t>(s) == r) input_scales = x.scales + uint64_t{rows.row[s]} * n_blocks;
      for (uint32_t b = first; b < end; ++b) {
        if (m.split.count(b) != 0)
          sum.add(products[(b - first) * kOutputs + thread()], E == Element::i8 ? gpu::load(input_scales + b) : 1.0f);
        end_block(sum, m, expert, tile * kTileN + i, b);
      }
    }
    gpu::sync();
  }
  if (thread() < kOutputs) result[thread()] = sum.value();
  gpu::sync();
}

}  // namespace grok1::accel::GROK1_GPU_VARIANT

#endif
