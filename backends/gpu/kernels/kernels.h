// The kernels of the GPU backend as the host sees them: what each is given, and one table of launchers. The texts are
// compiled once for every variant of the vendor's devices (GROK1_GPU_VARIANT). Launchers choose the instantiation and
// the grid; they enqueue and do not wait.
#ifndef GROK1_BACKENDS_GPU_KERNELS_KERNELS_H
#define GROK1_BACKENDS_GPU_KERNELS_KERNELS_H

#include "backends/gpu/kernels/shapes.h"
#include "vendor/runtime.h"

namespace grok1::accel {

// A rectangle of a stored matrix, rows one behind the other, into its place among the tiles.
struct PackArgs {
  const char* raw;  // [outer_count, inner]
  char* tiles;      // of the expert
  uint32_t outer_begin, outer_count, inner;
  bool nk;  // outer counts outputs, inner inputs
  Matrix matrix;
};

// Scales [groups, n] of BF16 or F32, from one group on.
struct PackScalesArgs {
  const char* raw;
  float* scales;  // of the expert
  uint32_t group_begin, group_count;
  bool bf16;
  Matrix matrix;
};

// Where rows go: floats, and digits in a split where `digits` is not NULL.
struct RowsOut {
  float* values;  // [rows, stride]
  int8_t* digits;
  float* scales;
  uint32_t stride;
  Split split;
};

struct RouteOut {
  Matrix matrix;     // the router, N = experts
  int32_t* experts;  // [rows, used]; NULL: no routing
  float* gates;
  uint32_t used;
};

struct Scale {
  const char* data;  // NULL: none
  Element element;
};

// h = embedding row * multiplier where there are tokens; h += norm(y, post) where there is y; x = norm(h, next) where
// there is `next`, or x = `rows` where they are given; then digits and routing of x.
struct NormArgs {
  float* h;  // [rows, d]
  const float* y;
  const int32_t* tokens;
  const float* rows;
  Matrix embedding;
  uint32_t vocab_begin;
  float multiplier, eps;
  uint32_t d, n_rows;
  Scale post, next;
  RowsOut x;  // values NULL: not wanted
  RouteOut route;
};

struct RouteArgs {
  const float* x;
  uint32_t stride, n_rows;
  RouteOut route;
};

struct QuantiseArgs {
  const float* values;
  uint32_t stride, n_rows;
  Split split;
  int8_t* digits;
  float* scales;
};

struct MultiplyArgs {
  Matrix matrix;
  Rows x;
  const uint32_t* index;  // row i is x's row index[i]; NULL: row i
  uint32_t n_rows;
  float multiplier;
  float* out;  // [rows, n]
};

// Heads of one row after the projections: RoPE on q and k, k and v to their page.
struct HeadsArgs {
  float *q, *k, *v;  // [rows, heads * dim], [rows, kv_heads * dim] twice
  uint32_t q_heads, kv_heads, dim;
  PassData pass;
  Pages pages;
};

struct ProjectArgs {
  Matrix matrices[3];  // q, k, v: of one element and split
  Rows x;
  uint32_t n_rows;
  uint32_t* arrivals;  // [rows, q_heads + 2 kv_heads], 0 before and after
  HeadsArgs heads;
};

struct AttendArgs {
  HeadsArgs heads;
  uint32_t n_rows, n_splits;  // splits: of the longest row
  float multiplier, soft_cap;
  float* parts;            // [rows, units, splits, kHeads, dim + 2], few rows only
  uint32_t* arrivals;      // [rows, units]
  uint32_t* out_arrivals;  // [rows, blocks of out.split]
  RowsOut out;

  constexpr uint32_t group() const { return heads.q_heads / heads.kv_heads; }
  constexpr uint32_t units_per_group() const { return divide_up(group(), kHeads); }
  constexpr uint32_t units() const { return heads.kv_heads * units_per_group(); }
};

// Which rows chose which expert, as found by `group`.
struct Grouping {
  uint32_t* begin;    // [experts + 1]
  uint32_t* choices;  // [rows * used] row * used + slot, by expert, then ascending
};

struct ExpertsArgs {
  Matrix gate, up, down;
  Rows x;
  RowsOut hidden;  // [rows * used, ffn]
  const int32_t* experts;
  const float* gates;
  uint32_t n_rows, used, expert_begin;
  uint32_t* arrivals;  // [rows * used, blocks of down.split], few rows only
  Grouping grouping;   // many rows only
  float* outs;         // [rows * used, d], many rows only
  float* y;            // [rows, d]

  constexpr uint32_t choices() const { return n_rows * used; }
};

struct CopyPagesArgs {
  Pages pages;           // of layer 0 of the cache
  uint64_t layer_bytes;  // from one layer to the next
  uint32_t layers;
  uint32_t from, to, n_tokens;
};

// One page to or from the canonical layout: K [tokens, kv heads, dim], then V.
struct PageArgs {
  Pages pages;
  uint32_t page, n_tokens;
  char* canonical;
};

struct Kernels {
  void (*pack)(const PackArgs&, gpu::Stream);
  void (*pack_scales)(const PackScalesArgs&, gpu::Stream);
  void (*norm)(const NormArgs&, gpu::Stream);
  void (*route)(const RouteArgs&, gpu::Stream);
  void (*quantise)(const QuantiseArgs&, gpu::Stream);
  void (*multiply)(const MultiplyArgs&, gpu::Stream);
  void (*project)(const ProjectArgs&, gpu::Stream);
  void (*attend)(const AttendArgs&, gpu::Stream);
  void (*experts)(const ExpertsArgs&, gpu::Stream);
  void (*copy_pages)(const CopyPagesArgs&, gpu::Stream);
  void (*export_page)(const PageArgs&, gpu::Stream);
  void (*import_page)(const PageArgs&, gpu::Stream);
  void (*add)(float* y, const float* x, uint64_t count, gpu::Stream);
  void (*copy_rows)(float* to, const float* from, uint32_t n_rows, uint32_t d, uint32_t stride, gpu::Stream);
};

// The table for devices with waves of that many threads: one_variant.cpp, or the emulator's.
const Kernels& kernels_of(int wave);

}  // namespace grok1::accel

#endif
