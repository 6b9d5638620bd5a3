// Linear layers of matrices stored [N, K] (the embedding, and all that is in blocks): every output is a dot product in
// sixteen partial sums, joined by the one tree of simd.h. Blocks along K are decoded to floats, a run of a few outputs
// at a time, which then pass as a matrix of floats would: the bits are those of that matrix.
#ifndef GROK1_BACKENDS_CPU_KERNELS_DOTS_H
#define GROK1_BACKENDS_CPU_KERNELS_DOTS_H

#include "backends/cpu/kernels/simd.h"

#define GROK1_ENCODINGS_ISA GROK1_ISA
#include "encodings/encoding.h"

namespace grok1::cpu::GROK1_ISA {

constexpr uint32_t kDots = 4;          // outputs that are read together
constexpr uint32_t kDotInputs = 1024;  // inputs of them that stay in the nearest cache while rows pass by

static void decode(uint32_t encoding, const char* blocks, uint64_t count, float* numbers) {
  encodings::with_encoding(encodings::Id{encoding}, [&](auto e) {
    const uint8_t* block = reinterpret_cast<const uint8_t*>(blocks);
    for (uint64_t i = 0; i < count; i += e.kBlock, block += e.kBytes) e.decode(block, numbers + i);
  });
}

// Some inputs of kDots outputs: the numbers of output d begin d * row_bytes behind `first`.
struct OutputRun {
  const char* first;
  uint64_t row_bytes;
};

// Outputs as they are stored.
template <Element E>
struct StoredOutputs {
  static constexpr Element kElement = E;
  static constexpr uint32_t kRows = 32;  // rows whose sums wait while others pass by
  const Matrix& w;

  template <uint32_t D>
  OutputRun run(uint32_t n, uint32_t k, uint32_t) const {
    return {w.data + n * w.row_bytes + uint64_t{k} * kBytesOf<E>, w.row_bytes};
  }
};

// Outputs in blocks, decoded once for a whole panel of rows.
struct DecodedOutputs {
  static constexpr Element kElement = Element::f32;
  static constexpr uint32_t kRows = kPanelRows;
  explicit DecodedOutputs(const Matrix& matrix) : w(matrix) {}
  const Matrix& w;
  float numbers[kDots][kDotInputs + kLanes];  // lanes, so that outputs do not take the same places of a cache

  template <uint32_t D>
  OutputRun run(uint32_t n, uint32_t k, uint32_t size) {
    const uint64_t before = uint64_t{k} / w.blocks.elements * w.blocks.bytes;
    for (uint32_t d = 0; d < D; ++d)
      decode(w.blocks.encoding, w.data + (n + d) * w.row_bytes + before, size, numbers[d]);
    return {reinterpret_cast<const char*>(numbers), sizeof numbers[0]};
  }
};

// Inputs k .. k + size of R dot products with D outputs each; `sums` of a row lie behind each other.
template <Element E, uint32_t R, uint32_t D>
GROK1_INLINE void continue_dots(OutputRun run, const float* const* x, uint32_t size, Float16 (*sums)[kDots]) {
  Float16 sum[R][D];
  for (uint32_t r = 0; r < R; ++r)
    for (uint32_t d = 0; d < D; ++d) sum[r][d] = sums[r][d];
  in_sixteens(size, [&](uint64_t k, uint32_t lanes) {
    Float16 w[D];
    for (uint32_t d = 0; d < D; ++d) w[d] = load_lanes<E>(run.first + d * run.row_bytes + k * kBytesOf<E>, lanes);
    for (uint32_t r = 0; r < R; ++r) {
      const Float16 inputs = load_lanes(x[r] + k, lanes);
      for (uint32_t d = 0; d < D; ++d) sum[r][d] = fma(inputs, w[d], sum[r][d]);
    }
  });
  for (uint32_t r = 0; r < R; ++r)
    for (uint32_t d = 0; d < D; ++d) sums[r][d] = sum[r][d];
}

// D outputs from n on, of at most kRows rows.
template <uint32_t D, class Outputs>
static void dots_of_rows(Outputs& outputs, const Rows& rows, uint32_t first, uint32_t count, uint32_t n,
                         float multiplier, float* y, uint64_t stride) {
  constexpr Element E = Outputs::kElement;
  Float16 sums[Outputs::kRows][kDots];
  for (uint32_t m = 0; m < count; ++m)
    for (uint32_t d = 0; d < D; ++d) sums[m][d] = set(0.0f);
  for (uint32_t k = 0; k < outputs.w.k; k += kDotInputs) {
    const uint32_t left = outputs.w.k - k, size = left < kDotInputs ? left : kDotInputs;
    const OutputRun run = outputs.template run<D>(n, k, size);
    const float* x[kMicroRows];
    const auto take = [&](uint32_t m, uint32_t n_rows) {
      for (uint32_t r = 0; r < n_rows; ++r) x[r] = rows.values + row_of(rows, first + m + r) * rows.stride + k;
    };
    uint32_t m = 0;
    for (; m + kMicroRows <= count; m += kMicroRows)
      take(m, kMicroRows), continue_dots<E, kMicroRows, D>(run, x, size, sums + m);
    for (; m < count; ++m) take(m, 1), continue_dots<E, 1, D>(run, x, size, sums + m);
  }
  for (uint32_t m = 0; m < count; ++m)
    for (uint32_t d = 0; d < D; ++d) y[(first + m) * stride + d] = sum_of_lanes(sums[m][d]) * multiplier;
}

template <class Outputs>
static void dots_of(Outputs& outputs, const Rows& rows, uint32_t n_begin, uint32_t n_end, float multiplier, float* y,
                    uint64_t stride) {
  for (uint32_t first = 0; first < rows.count; first += Outputs::kRows) {
    const uint32_t left = rows.count - first, count = left < Outputs::kRows ? left : Outputs::kRows;
    uint32_t n = n_begin;
    for (; n + kDots <= n_end; n += kDots)
      dots_of_rows<kDots>(outputs, rows, first, count, n, multiplier, y + (n - n_begin), stride);
    for (; n < n_end; ++n) dots_of_rows<1>(outputs, rows, first, count, n, multiplier, y + (n - n_begin), stride);
  }
}

template <Element E>
static void dots_as(const Matrix& w, const Rows& rows, uint32_t n_begin, uint32_t n_end, float multiplier, float* y,
                    uint64_t stride) {
  StoredOutputs<E> outputs{w};
  dots_of(outputs, rows, n_begin, n_end, multiplier, y, stride);
}

static void dots(const Matrix& w, const Rows& rows, uint32_t n_begin, uint32_t n_end, float multiplier, float* y,
                 uint64_t stride) {
  if (w.element == Element::blocks) {
    DecodedOutputs outputs(w);
    return dots_of(outputs, rows, n_begin, n_end, multiplier, y, stride);
  }
  GROK1_WITH_ELEMENT(w.element, dots_as, w, rows, n_begin, n_end, multiplier, y, stride);
}

}  // namespace grok1::cpu::GROK1_ISA

#endif
