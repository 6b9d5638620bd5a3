// Shapes that host and kernels share: how a weight's K is cut, how packed weights, digits and KV pages lie in memory.
// Plain numbers; constexpr, so that both sides can call them.
//
// Packed weights, layout ELEMENT.16x64: tiles of 16 outputs x 64 inputs, [experts][N/16][width/64][16][64],
// zero-padded. A quarter of a wave reads 64 consecutive inputs of one output, 16 a lane. Digits of activations: x =
// scale * (256 high + low), [rows][width/16][high, low][16], one scale per block of 256. KV pages: K as [kv
// head][head_dim/V][token][V] with V elements of 16 bytes together, because a thread reads K of one position; V as [kv
// head][token][head_dim rounded up to V], because a thread sums one dimension.
#ifndef GROK1_BACKENDS_GPU_KERNELS_SHAPES_H
#define GROK1_BACKENDS_GPU_KERNELS_SHAPES_H

#include <cstdint>

namespace grok1::accel {

constexpr uint32_t kTileN = 16;
constexpr uint32_t kTileK = 64;
constexpr uint32_t kTile = kTileN * kTileK;
constexpr uint32_t kBlock = 256;            // inputs that share one activation scale (operators.md section 5)
constexpr uint32_t kChunkBlocks = 8;        // blocks whose products make one partial sum: 2048 inputs
constexpr float kLargestDigits = 32512.0f;  // 127 * 256: the high digit stays below 128
constexpr float kVanishes = 1e-30f;         // a block whose largest input is smaller counts as 0
constexpr uint32_t kThreads = 256;          // of every block
constexpr uint32_t kResident = 3;           // blocks for which a processor should have the registers at once
constexpr uint32_t kFewRows = 8;            // up to so many rows take the kernels that are bound by memory
constexpr uint32_t kFewChoices = 64;        // and up to so many (row, expert) choices
constexpr uint32_t kHeads = 8;              // query heads that share one read of K and V
constexpr uint32_t kMostHeadDim = 256;
constexpr uint32_t kMostExperts = 256;
constexpr uint32_t kPositions = 256;   // positions of a KV cache that are attended together, one a thread
constexpr uint32_t kGridRows = 16384;  // most blocks in a grid's second dimension: 65535 is every vendor's limit
constexpr uint32_t kNone = 0xffffffffu;

enum class Element : uint32_t { f32, f16, bf16, i8 };

constexpr uint32_t bytes_of(Element element) {
  return element == Element::f32 ? 4 : element == Element::i8 ? 1 : 2;
}

constexpr uint32_t divide_up(uint32_t a, uint32_t b) {
  return (a + b - 1) / b;
}
constexpr uint32_t round_up(uint32_t a, uint32_t b) {
  return divide_up(a, b) * b;
}

constexpr uint32_t least(uint32_t a, uint32_t b) {
  return a < b ? a : b;
}

// The K of a weight, or of a slice of one: scale groups, each padded to `width` inputs and cut into blocks.
struct Split {
  uint32_t k;       // inputs
  uint32_t first;   // inputs of the first group; a slice may begin inside one
  uint32_t size;    // inputs of the others; the last may be cut
  uint32_t width;   // a group's inputs with padding, a multiple of kTileK
  uint32_t groups;  // at least 1

  constexpr uint32_t padded() const { return groups * width; }
  constexpr uint32_t blocks_per_group() const { return divide_up(width, kBlock); }
  constexpr uint32_t blocks() const { return groups * blocks_per_group(); }
  // Where input i lies among the padded ones.
  constexpr uint32_t place(uint32_t i) const {
    return i < first ? i : ((i - first) / size + 1) * width + (i - first) % size;
  }
  constexpr uint32_t group_begin(uint32_t group) const { return group == 0 ? 0 : first + (group - 1) * size; }
  // Of block b: its first input, how many there are (0: all padding), its first padded place, and places.
  constexpr uint32_t begin(uint32_t b) const {
    return group_begin(b / blocks_per_group()) + b % blocks_per_group() * kBlock;
  }
  constexpr uint32_t count(uint32_t b) const {
    const uint32_t group = b / blocks_per_group(), start = begin(b);
    const uint32_t end = least(group == 0 ? first : group_begin(group) + size, k);
    return start < end ? least(end - start, kBlock) : 0;
  }
  constexpr uint32_t place_of_block(uint32_t b) const {
    return b / blocks_per_group() * width + b % blocks_per_group() * kBlock;
  }
  constexpr uint32_t places(uint32_t b) const { return least(kBlock, width - b % blocks_per_group() * kBlock); }
  // The block of input i.
  constexpr uint32_t block_of(uint32_t i) const {
    const uint32_t at = place(i);
    return at / width * blocks_per_group() + at % width / kBlock;
  }
  constexpr bool operator==(const Split& other) const {
    return k == other.k && first == other.first && size == other.size && width == other.width && groups == other.groups;
  }
};

// One group, as inputs are cut that no scale groups divide.
constexpr Split whole(uint32_t k) {
  return {k, k, k, round_up(k, kTileK), 1};
}

// A packed linear weight, all experts of the slice.
struct Matrix {
  const char* tiles;
  const float* scales;  // [experts, groups, N rounded up to kTileN]; i8 only
  uint64_t expert_bytes;
  uint32_t experts;
  uint32_t n;
  Element element;
  Split split;

  constexpr uint32_t tiles_n() const { return divide_up(n, kTileN); }
  constexpr uint64_t tile_bytes() const { return uint64_t{kTile} * bytes_of(element); }
  // First tile of 16 outputs.
  constexpr uint64_t strip(uint32_t expert, uint32_t tile) const {
    return expert * expert_bytes + uint64_t{tile} * (split.padded() / kTileK) * tile_bytes();
  }
  // The number of element (output n, place p) among those of one expert.
  constexpr uint64_t element_at(uint32_t output, uint32_t p) const {
    return (uint64_t{output / kTileN} * (split.padded() / kTileK) + p / kTileK) * kTile + output % kTileN * kTileK +
           p % kTileK;
  }
  constexpr uint64_t scale_at(uint32_t expert, uint32_t group, uint32_t output) const {
    return (uint64_t{expert} * split.groups + group) * (tiles_n() * kTileN) + output;
  }
};

// Rows that a linear layer reads: floats [rows, stride], and for i8 their digits in the split of the matrix.
struct Rows {
  const float* values;
  const int8_t* digits;  // [rows][2 * padded]
  const float* scales;   // [rows][blocks]
  uint32_t stride;       // of values, a multiple of 4; rows * stride is below 2^32
};

// Pages of one layer of a KV cache.
struct Pages {
  char* base;  // page 0
  uint64_t page_bytes;
  uint32_t kv_heads, dim, tokens;
  Element element;

  constexpr uint32_t together() const { return 16 / bytes_of(element); }
  constexpr uint32_t width() const { return round_up(dim, together()); }
  constexpr uint64_t head_bytes() const { return uint64_t{width()} * tokens * bytes_of(element); }
  constexpr uint64_t key(uint32_t page, uint32_t head) const { return page * page_bytes + head * head_bytes(); }
  constexpr uint64_t value(uint32_t page, uint32_t head) const { return key(page, kv_heads + head); }
  // Bytes from a head's begin to dimension i of a token.
  constexpr uint64_t key_at(uint32_t token, uint32_t i) const {
    return (uint64_t{i / together()} * tokens + token) * 16 + i % together() * bytes_of(element);
  }
  constexpr uint64_t value_at(uint32_t token, uint32_t i) const {
    return (uint64_t{token} * width() + i) * bytes_of(element);
  }
};

// The rows of a pass, in device memory (step.h).
struct PassData {
  const int32_t* tokens;       // [rows]
  const uint32_t* positions;   // [rows]
  const uint32_t* chunk;       // [rows] which row of the page table
  const uint32_t* page_table;  // [chunks, max_pages]
  const uint32_t* logit_rows;  // [logit rows]
  const float* rope;           // [rows, head_dim / 2, 2] cosine and sine
  uint32_t max_pages;
};

}  // namespace grok1::accel

#endif
