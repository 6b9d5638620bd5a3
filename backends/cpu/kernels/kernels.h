// What a kernel is given and which kernels there are: plain structs and one table of functions per instruction set. The
// texts behind the table are compiled once per instruction set (all.cpp); who chooses a table is isa.cpp, who divides
// work among threads is linear.cpp and the operators. Nothing inline is declared here, so that no code compiled for a
// newer processor can be picked by the linker for an older one.
#ifndef GROK1_BACKENDS_CPU_KERNELS_KERNELS_H
#define GROK1_BACKENDS_CPU_KERNELS_KERNELS_H

#include <stddef.h>
#include <stdint.h>

namespace grok1::cpu {

constexpr uint32_t kLanes = 16;           // partial sums of every reduction (docs/numerics.md)
constexpr uint32_t kBlock = 256;          // inputs that share one activation scale
constexpr uint32_t kChunk = 2048;         // inputs whose blocks make one partial sum
constexpr uint32_t kSplit = 256;          // positions of a KV cache that are attended together
constexpr uint32_t kTileColumns = 256;    // most columns of a tile
constexpr uint32_t kPanelRows = 256;      // most rows of a tile
constexpr uint32_t kSliceSums = 32768;    // most columns times rows of a sweep
constexpr uint32_t kNearSums = 8192;      // as many, if their sums are to stay in the nearest cache
constexpr uint32_t kStrip = 64;           // columns that the kernels handle together
constexpr uint32_t kSweptRows = 24;       // most rows of a sweep
constexpr uint32_t kRowsTogether = 8;     // of them that have sums at a time; the others follow, block by block
constexpr uint32_t kHeads = 8;            // query heads that are attended together
constexpr uint32_t kRowScaleBytes = 4;    // of the float that an int8 row of a cache begins with
constexpr uint32_t kProbeRounds = 20000;  // of a probe of arithmetic: some tenths of a millisecond
constexpr uint32_t kProbeBytes = 4096;    // what a probe reads is a multiple of it
// Bytes of scratch that tile and sweep need: two packed blocks, two sums per output of a tile, and a block's digits.
constexpr uint64_t kKernelScratch =
    uint64_t{kTileColumns} * kBlock * 4 + uint64_t{kPanelRows} * kTileColumns * 8 + uint64_t{kPanelRows} * kBlock;

constexpr uint32_t kGemmRows = 1 + 2 * kPanelRows;  // most rows of a Gemm
// Bytes of scratch that tile_gemm needs: as above, and the digits and sums of a Gemm.
constexpr uint64_t kGemmScratch = kKernelScratch + uint64_t{kGemmRows} * (kBlock + 4 * kStrip);

enum class Element : uint8_t { f32, f16, bf16, i8, blocks };  // blocks: of an encoding, along K

// A part of a matrix' K that never crosses a scale group: at most kChunk inputs, counted from the slice's first.
struct Chunk {
  uint32_t k_begin, k_size;
  uint32_t block_begin;  // number of its first block of kBlock inputs; the last block may be shorter
  uint32_t group;        // row of the scales
  bool ends_group;
};

// A block encoding: what of it a kernel asks for by number, and what its callers count with.
struct Blocks {
  uint32_t encoding;         // GROK1_ENCODING_*
  uint32_t elements, bytes;  // of one
};

// One expert's slice as stored; all addresses may be unaligned.
struct Matrix {
  const char* data;    // element (0, 0) of the slice
  uint64_t row_bytes;  // from one outer index (k, or n if nk) to the next
  const char* scales;  // [groups, n], i8 only
  uint64_t scale_row_bytes;
  const Chunk* chunks;  // [n_chunks], covering k in order
  uint32_t n_chunks;
  uint32_t k, n;
  Element element, scale_element;
  Blocks blocks;  // of an element that is one
  bool nk;        // stored [n, k], as blocks are
  bool tiled;     // i8 stored [k, n], but block behind block, and of a block kTileColumns columns behind each other:
                  // [blocks] [tiles][inputs of the block][columns of the tile], the last ones as short as they are.
                  // row_bytes is n
};

// Input rows of a linear layer. Row i is the one numbered index[i], or i if there is no index. Float matrices read
// `values`, i8 matrices `digits` and `scales`, which quantise() made for their chunks.
struct Rows {
  const float* values;
  const int16_t* digits;
  const float* scales;  // one per block
  uint64_t stride, digit_stride, scale_stride;
  const uint32_t* index;
  uint32_t count;
  bool one_digit;  // digits are of one byte: -127 .. 127
};

// A product of bytes that somebody else makes: sums[rows, kStrip] = digits[rows, kBlock] times weights
// [kBlock / 4][kStrip][4], of which [k / 4][n][k % 4] is that of input k and column n. There are a row of ones, for the
// sums of the weights, and `panel` rows of each digit: 1 + panel or 1 + 2 panel.
struct Gemm {
  void (*multiply)(void* context, const uint8_t* digits, const int8_t* weights, int32_t* sums);
  void* context;
  uint32_t panel;  // at least the rows of a tile, at most kPanelRows
};

// Some query heads of one row, all of one kv head, over positions of one split.
struct Attend {
  const float* q;  // [heads, head_width]
  const char* k;   // [pages, page_bytes]: this kv head's rows [page_tokens, row_bytes] in page 0
  const char* v;
  const uint32_t* pages;  // of the row's sequence
  uint64_t page_bytes;
  uint32_t row_bytes;   // of one position: head_width numbers, behind their scale if they are int8
  uint32_t heads;       // at most kHeads
  uint32_t head_width;  // head_dim rounded up to kLanes; what is beyond head_dim is 0
  uint32_t page_shift;  // log2(page_tokens)
  uint32_t begin, end;  // positions
  float multiplier, soft_cap;
  Element element;
  float* largest;  // out [heads]
  float* sum;      // out [heads]
  float* out;      // out [heads, head_width], not yet divided by sum
};

// What a probe of arithmetic has done: every product is 1, so that `sum` is how many there were.
struct Probe {
  double operations;  // a multiplication and an addition are two
  double sum;
};

struct Kernels {
  const char* name;

  // digits = rint(x / scale), scale = max|x| / most of each block of one chunk; x, digits and scales are the row's.
  // `most` is 32512 (127 * 256) or, for one digit, 127.
  void (*quantise)(const float* x, const Chunk& chunk, float most, int16_t* digits, float* scales);

  // Columns n_begin .. n_end of at most kSweptRows rows times one chunk, without the weights' scales:
  // partial[row * stride + n - n_begin].
  void (*sweep)(const Matrix& w, const Rows& rows, uint32_t chunk, uint32_t n_begin, uint32_t n_end, float* partial,
                uint64_t stride, void* scratch);
  // y[n - n_begin] of all chunks' partials [n_chunks, stride], of which column n_begin is the first.
  void (*reduce)(const Matrix& w, const float* partial, uint64_t stride, uint32_t n_begin, uint32_t n_end, float* y);
  // The same sums for many rows and at most kTileColumns columns: y[row * stride + n - n_begin].
  void (*tile)(const Matrix& w, const Rows& rows, uint32_t n_begin, uint32_t n_end, float* y, uint64_t stride,
               void* scratch);
  // The same as tile, of i8 matrices.
  void (*tile_gemm)(const Matrix& w, const Rows& rows, uint32_t n_begin, uint32_t n_end, float* y, uint64_t stride,
                    const Gemm& gemm, void* scratch);
  // For matrices stored [n, k]: y[row * stride + n - n_begin] = dot product * multiplier.
  void (*dots)(const Matrix& w, const Rows& rows, uint32_t n_begin, uint32_t n_end, float multiplier, float* y,
               uint64_t stride);

  // `count` numbers of blocks, whole ones, as floats.
  void (*decode)(uint32_t encoding, const char* blocks, uint64_t count, float* numbers);

  // x = scale * h / sqrt(mean(h^2) + eps);  h += scale * y / sqrt(mean(y^2) + eps).
  void (*norm)(const float* h, const char* scale, Element element, uint32_t size, float eps, float* x);
  void (*add_norm)(const float* y, const char* scale, Element element, uint32_t size, float eps, float* h);

  void (*attend)(const Attend& args, float* scores);  // scores: [kHeads, kSplit]
  // Joins splits [n_splits, heads] (largest, sum, out of Attend) of one head: out[head_dim].
  void (*join)(const float* largest, const float* sum, const float* parts, uint32_t n_splits, uint32_t heads,
               uint32_t head_width, uint32_t head_dim, float* out);

  void (*gelu_times)(float* gate, const float* up, uint64_t count);            // gate = gelu(gate) * up
  void (*add_scaled)(float* y, const float* x, float factor, uint64_t count);  // y += factor * x
  void (*exp)(const float* x, float* y, uint64_t count);                       // for tests of the functions
  void (*tanh)(const float* x, float* y, uint64_t count);

  // For measurements only (probe.h). read: the sum of the 32-bit words of `size` bytes, a multiple of kProbeBytes. The
  // others multiply and add in registers, kProbeRounds times; dot_i8 is NULL without an instruction for it.
  uint32_t (*read)(const char* data, uint64_t size);
  Probe (*dot_i8)();
  Probe (*dot_i16)();
  Probe (*multiply_add)();
};

namespace baseline {
extern const Kernels kKernels;
}
namespace avx2 {
extern const Kernels kKernels;
}
namespace avx512 {
extern const Kernels kKernels;
}
namespace avxvnni {
extern const Kernels kKernels;
}
namespace avx512vnni {
extern const Kernels kKernels;
}

}  // namespace grok1::cpu

#endif
