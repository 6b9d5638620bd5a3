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

// Rows of x that are multiplied together; those beyond `count` repeat the first. `mine` is the row whose output this
// thread adds up: thread / 16 of them. An index known at run time would move `row` to memory.
template <int R>
struct FewRows {
  const uint32_t* row;
  uint32_t count;
};

// row_at(r): the row that is r'th among `count`, of which there are R or fewer.
template <int R, class RowAt>
GPU_DEVICE FewRows<R> few_rows(uint32_t count, uint32_t* shared, const RowAt& row_at) {
  count = least(count, R);
  if (thread() < R) shared[thread()] = row_at(thread() < count ? thread() : 0);
  gpu::sync();
  return {shared, count};
}

// Blocks of a kernel that are at a processor at once: sums of many rows take registers.
template <int R>
constexpr uint32_t kResidentOf = R <= 4 ? kResident : 2;

// A lane's loads of several tiles are in flight together where few rows leave it the registers.
template <int R>
constexpr uint32_t kTilesTogether = R == 1 ? 2 : 1;

GPU_DEVICE uint32_t bits_of(int32_t value) {
  return static_cast<uint32_t>(value);
}
GPU_DEVICE uint32_t bits_of(float value) {
  return gpu::bits_of(value);
}

// Adds what the four lanes of an output summed. products: [R][16], as bits.
template <int R, class T>
GPU_DEVICE void store_products(const T (&sums)[kLoads][R], uint32_t* products) {
  GPU_UNROLL(R)
  for (uint32_t r = 0; r < R; ++r) {
    GPU_UNROLL(kLoads)
    for (uint32_t j = 0; j < kLoads; ++j) {
      T sum = sums[j][r];
      sum += gpu::shuffle_xor(sum, 1);
      sum += gpu::shuffle_xor(sum, 2);
      if (lane() % 4 == 0) products[r * kTileN + j * kOutputsPerLoad + lane() / 4] = bits_of(sum);
    }
  }
}

// The exact products of one block of digits.
template <int R>
GPU_DEVICE void multiply_digits(const char* tiles, const Split& split, uint32_t block, const Rows& x,
                                const FewRows<R>& rows, uint32_t* products) {
  const uint32_t n_tiles = split.places(block) / kTileK, place = split.place_of_block(block);
  int32_t sums[kLoads][R] = {};
  GPU_UNROLL(kTilesTogether<R>)
  for (uint32_t t = 0; t < n_tiles; ++t) {
    const char* tile = tiles + uint64_t{place / kTileK + t} * kTile;
    Word4 w[kLoads];
    GPU_UNROLL(kLoads)
    for (uint32_t j = 0; j < kLoads; ++j)
      w[j] = gpu::load_once(reinterpret_cast<const Word4*>(tile) + lane() + j * kWave);
    GPU_UNROLL(R)
    for (uint32_t r = 0; r < R; ++r) {
      const uint32_t at = rows.row[r] * (split.padded() / 8) + (place + t * kTileK) / 8 + lane() % 4 * 2;
      const Word4* from = reinterpret_cast<const Word4*>(x.digits) + at;
      const Word4 h = gpu::load(from), l = gpu::load(from + 1);
      GPU_UNROLL(kLoads)
      for (uint32_t j = 0; j < kLoads; ++j) {
        int32_t high = 0;
        GPU_UNROLL(4)
        for (uint32_t i = 0; i < 4; ++i) {
          high = gpu::dot4(w[j].w[i], h.w[i], high);
          sums[j][r] = gpu::dot4(w[j].w[i], l.w[i], sums[j][r]);
        }
        sums[j][r] += 256 * high;
      }
    }
  }
  store_products(sums, products);
}

// The products of one block of floats. A lane has 16 consecutive inputs, in pieces of one load.
template <Element E, int R>
GPU_DEVICE void multiply_values(const char* tiles, const Split& split, uint32_t block, const Rows& x,
                                const FewRows<R>& rows, uint32_t* products) {
  constexpr uint32_t kEach = 16 / bytes_of(E), kPieces = 16 / kEach;
  const uint32_t n_tiles = split.places(block) / kTileK, begin = split.begin(block), count = split.count(block);
  const char* from = tiles + (uint64_t{split.place_of_block(block)} * kTileN + lane() * 16) * bytes_of(E);
  float sums[kLoads][R] = {};
  GPU_UNROLL(1)
  for (uint32_t t = 0; t < n_tiles; ++t) {
    GPU_UNROLL(R == 1 ? kPieces : 1)
    for (uint32_t piece = 0; piece < kPieces; ++piece) {
      const uint32_t first = t * kTileK + lane() % 4 * 16 + piece * kEach;
      Word4 words[kLoads];
      GPU_UNROLL(kLoads)
      for (uint32_t j = 0; j < kLoads; ++j) {
        const char* at = from + (uint64_t{t} * kTile + j * kWave * 16) * bytes_of(E);
        words[j] = gpu::load_once(reinterpret_cast<const Word4*>(at) + piece);
      }
      GPU_UNROLL(kEach)
      for (uint32_t i = 0; i < kEach; ++i) {
        float w[kLoads];
        GPU_UNROLL(kLoads)
        for (uint32_t j = 0; j < kLoads; ++j) w[j] = value_in<E>(words[j], i);
        GPU_UNROLL(R)
        for (uint32_t r = 0; r < R; ++r) {
          const uint32_t at = rows.row[r] * x.stride + begin + first + i;
          const float in = first + i < count ? gpu::load(x.values + at) : 0.0f;
          GPU_UNROLL(kLoads)
          for (uint32_t j = 0; j < kLoads; ++j) sums[j][r] = fmaf(w[j], in, sums[j][r]);
        }
      }
    }
  }
  store_products(sums, products);
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
  Sum<E> sum;
  for (uint32_t first = 0; first < n_blocks; first += kSegment) {
    const uint32_t end = least(first + kSegment, n_blocks);
    for (uint32_t b = first + wave(); b < end; b += kWaves)
      if constexpr (E == Element::i8)
        multiply_digits(tiles, m.split, b, x, rows, products + (b - first) * kOutputs);
      else
        multiply_values<E>(tiles, m.split, b, x, rows, products + (b - first) * kOutputs);
    gpu::sync();
    if (thread() < kOutputs) {
      const float* input_scales = x.scales + uint64_t{rows.row[thread() / kTileN]} * n_blocks;
      for (uint32_t b = first; b < end; ++b) {
        if (m.split.count(b) != 0)
          sum.add(products[(b - first) * kOutputs + thread()], E == Element::i8 ? gpu::load(input_scales + b) : 1.0f);
        end_block(sum, m, expert, tile * kTileN + thread() % kTileN, b);
      }
    }
    gpu::sync();
  }
  if (thread() < kOutputs) result[thread()] = sum.value();
  gpu::sync();
}

}  // namespace grok1::accel::GROK1_GPU_VARIANT

#endif
