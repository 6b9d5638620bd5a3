// A tile of many rows times 64 outputs, by one block: weights and inputs go through shared memory, every thread sums a
// few outputs of a few rows. The sums have the order of few_rows.h, so both give the same bits.
#ifndef GROK1_BACKENDS_GPU_KERNELS_MANY_ROWS_H
#define GROK1_BACKENDS_GPU_KERNELS_MANY_ROWS_H

#include "backends/gpu/kernels/few_rows.h"

namespace grok1::accel::GROK1_GPU_VARIANT {

constexpr uint32_t kStrips = 4;               // strips of 16 outputs in a tile
constexpr uint32_t kSide = 16;                // threads are 16 x 16: output thread % 16 of each strip
constexpr uint32_t kStride = kTileK / 4 + 1;  // words of a row of digits, one more against bank conflicts
constexpr uint32_t kFloatStride = kTileK + 1;

// Rows of a tile, and of them one thread's.
template <Element E>
constexpr uint32_t kTileRows = E == Element::i8 ? 64 : 32;
template <Element E>
constexpr uint32_t kMine = kTileRows<E> / kSide;

// Words of shared memory that a tile takes: weights, then inputs.
template <Element E>
constexpr uint32_t kTileWords = E == Element::i8 ? (kStrips* kTileN + 2 * kTileRows<E>)*kStride
                                                 : (kStrips* kTileN + kTileRows<E>)*kFloatStride;

// Copies 64 outputs x 64 inputs, or 0 beyond the matrix, to shared memory.
template <Element E>
GPU_DEVICE void stage_weights(const Matrix& m, uint32_t expert, uint32_t tile, uint32_t place, uint32_t* shared) {
  constexpr uint32_t kEach = 16 / bytes_of(E);  // elements of a load
  for (uint32_t at = thread(); at < kStrips * kTile / kEach; at += kThreads) {
    const uint32_t strip = at / (kTile / kEach), in_tile = at % (kTile / kEach) * kEach;
    Word4 words{};
    if (tile + strip < m.tiles_n())
      words = gpu::load_once(reinterpret_cast<const Word4*>(
          m.tiles + m.strip(expert, tile + strip) + (uint64_t{place / kTileK} * kTile + in_tile) * bytes_of(E)));
    const uint32_t output = strip * kTileN + in_tile / kTileK, k = in_tile % kTileK;
    if constexpr (E == Element::i8) {
      for (uint32_t i = 0; i < 4; ++i) shared[output * kStride + k / 4 + i] = static_cast<uint32_t>(words.w[i]);
    } else {
      for (uint32_t i = 0; i < kEach; ++i) shared[output * kFloatStride + k + i] = gpu::bits_of(value_in<E>(words, i));
    }
  }
}

// The digits of 64 places of all rows of the tile: [high, low][row][places]; rows that are kNone count as 0.
GPU_DEVICE void stage_digits(const Rows& x, const uint32_t* rows, uint32_t n_rows, uint32_t padded, uint32_t place,
                             uint32_t* shared) {
  for (uint32_t at = thread(); at < n_rows * 8; at += kThreads) {
    const uint32_t row = at / 8, piece = at % 8;  // 16 high, 16 low, 16 high ...
    Word4 words{};
    if (rows[row] != kNone)
      words = gpu::load(reinterpret_cast<const Word4*>(x.digits + (uint64_t{rows[row]} * padded + place) * 2) + piece);
    uint32_t* to = shared + (piece % 2 * n_rows + row) * kStride + piece / 2 * 4;
    for (uint32_t i = 0; i < 4; ++i) to[i] = static_cast<uint32_t>(words.w[i]);
  }
}
GPU_DEVICE void stage_values(const Rows& x, const uint32_t* rows, uint32_t n_rows, uint32_t begin, uint32_t valid,
                             uint32_t* shared) {
  for (uint32_t at = thread(); at < n_rows * kTileK; at += kThreads) {
    const uint32_t row = at / kTileK, i = at % kTileK;
    const bool there = rows[row] != kNone && i < valid;
    shared[row * kFloatStride + i] =
        there ? gpu::bits_of(gpu::load(x.values + uint64_t{rows[row]} * x.stride + begin + i)) : 0u;
  }
}

// What one thread multiplies: kMine rows x kStrips outputs of 64 staged inputs.
template <Element E>
struct Products;

template <>
struct Products<Element::i8> {
  int32_t high[kMine<Element::i8>][kStrips] = {}, low[kMine<Element::i8>][kStrips] = {};

  GPU_DEVICE void multiply(const uint32_t* weights, const uint32_t* digits) {
    constexpr uint32_t kRows = kTileRows<Element::i8>;
    for (uint32_t c = 0; c < kTileK / 4; ++c) {
      int32_t w[kStrips];
      for (uint32_t j = 0; j < kStrips; ++j)
        w[j] = static_cast<int32_t>(weights[(j * kTileN + thread() % kSide) * kStride + c]);
      for (uint32_t i = 0; i < kMine<Element::i8>; ++i) {
        const uint32_t row = thread() / kSide + i * kSide;
        const int32_t h = static_cast<int32_t>(digits[row * kStride + c]);
        const int32_t l = static_cast<int32_t>(digits[(kRows + row) * kStride + c]);
        for (uint32_t j = 0; j < kStrips; ++j) {
          high[i][j] = gpu::dot4(w[j], h, high[i][j]);
          low[i][j] = gpu::dot4(w[j], l, low[i][j]);
        }
      }
    }
  }
  GPU_DEVICE uint32_t take(uint32_t i, uint32_t j) {
    const int32_t sum = 256 * high[i][j] + low[i][j];
    high[i][j] = low[i][j] = 0;
    return static_cast<uint32_t>(sum);
  }
};

// Quarters of 16 inputs are summed apart and joined when the block ends, as the lanes of few_rows.h do.
template <Element E>
struct Products {
  float sums[kMine<E>][kStrips][4] = {};

  GPU_DEVICE void multiply(const uint32_t* weights, const uint32_t* values) {
    GPU_UNROLL(4)
    for (uint32_t quarter = 0; quarter < 4; ++quarter) {
      GPU_UNROLL(4)
      for (uint32_t k = quarter * 16; k < quarter * 16 + 16; ++k)
        for (uint32_t i = 0; i < kMine<E>; ++i) {
          const float x = gpu::float_of(values[(thread() / kSide + i * kSide) * kFloatStride + k]);
          for (uint32_t j = 0; j < kStrips; ++j) {
            const float w = gpu::float_of(weights[(j * kTileN + thread() % kSide) * kFloatStride + k]);
            sums[i][j][quarter] = fmaf(w, x, sums[i][j][quarter]);
          }
        }
    }
  }
  GPU_DEVICE uint32_t take(uint32_t i, uint32_t j) {
    float(&s)[4] = sums[i][j];
    const float sum = (s[0] + s[1]) + (s[2] + s[3]);
    s[0] = s[1] = s[2] = s[3] = 0;
    return gpu::bits_of(sum);
  }
};

// y[i][j] = row rows[thread / 16 + 16 i] . output 16 (tile + j) + thread % 16. `rows`: shared, [kTileRows], written
// and synchronised by the caller; `shared`: [kTileWords].
template <Element E>
GPU_DEVICE void multiply_many(const Matrix& m, uint32_t expert, uint32_t tile, const Rows& x, const uint32_t* rows,
                              uint32_t* shared, float (&y)[kMine<E>][kStrips]) {
  constexpr uint32_t kRows = kTileRows<E>;
  uint32_t* inputs = shared + kStrips * kTileN * (E == Element::i8 ? kStride : kFloatStride);
  const uint32_t n_blocks = m.split.blocks();
  Products<E> products;
  Sum<E> sums[kMine<E>][kStrips];
  for (uint32_t b = 0; b < n_blocks; ++b) {
    const uint32_t count = m.split.count(b);
    for (uint32_t t = 0; t < m.split.places(b); t += kTileK) {
      gpu::sync();
      stage_weights<E>(m, expert, tile, m.split.place_of_block(b) + t, shared);
      if constexpr (E == Element::i8)
        stage_digits(x, rows, kRows, m.split.padded(), m.split.place_of_block(b) + t, inputs);
      else
        stage_values(x, rows, kRows, m.split.begin(b) + t, t < count ? count - t : 0, inputs);
      gpu::sync();
      products.multiply(shared, inputs);
    }
    for (uint32_t i = 0; i < kMine<E>; ++i) {
      const uint32_t row = rows[thread() / kSide + i * kSide];
      float scale = 0;
      if constexpr (E == Element::i8)
        if (row != kNone && count != 0) scale = gpu::load(x.scales + uint64_t{row} * n_blocks + b);
      for (uint32_t j = 0; j < kStrips; ++j) {
        const uint32_t product = products.take(i, j), output = (tile + j) * kTileN + thread() % kSide;
        if (count != 0) sums[i][j].add(product, scale);
        if (tile + j < m.tiles_n()) end_block(sums[i][j], m, expert, output, b);
      }
    }
  }
  for (uint32_t i = 0; i < kMine<E>; ++i)
    for (uint32_t j = 0; j < kStrips; ++j) y[i][j] = sums[i][j].value();
}

}  // namespace grok1::accel::GROK1_GPU_VARIANT

#endif
