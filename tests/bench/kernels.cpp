// bench_kernels [--working-set-mib N] [options of Google Benchmark]: every kernel of the CPU backend on one thread,
// call after call over matrices that no cache holds, in pages of 4 KiB as files are mapped. docs/benchmarks.md explains
// names and counters. Kernels are called through their table alone; what the numbers are is no matter here.
#include <benchmark/benchmark.h>
#include <sys/mman.h>
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "backends/cpu/chunks.h"
#include "backends/cpu/isa.h"
#include "backends/cpu/linear.h"
#include "backends/cpu/onednn.h"
#include "backends/cpu/refusal.h"

namespace {

using namespace grok1::cpu;

constexpr uint32_t kInputs = 6144, kOutputs = 32768;  // of an expert's gate matrix
constexpr uint32_t kHeadWidth = 128, kHeadsPerKv = 6, kPageTokens = 32;

struct Encoding {
  const char* name;
  Element element;
  uint64_t bytes;
  bool tiled = false;
};
constexpr Encoding kI8{"i8", Element::i8, 1}, kTiledI8{"i8_tiled", Element::i8, 1, true}, kF32{"f32", Element::f32, 4},
    kF16{"f16", Element::f16, 2}, kBf16{"bf16", Element::bf16, 2};

// Of this thread: what others do on a shared machine does not count.
double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

// One dependent addition takes one cycle; of a register, because some processors add constants for nothing.
double cycles_per_second() {
  double best = 0;
  for (int trial = 0; trial < 5; ++trial) {
    constexpr uint64_t kAdditions = 4000000;
    const double start = cpu_seconds();
    uint64_t sum = 0;
    for (uint64_t i = 0; i < kAdditions; i += 4)
      __asm__ volatile("add %1, %0\n\tadd %1, %0\n\tadd %1, %0\n\tadd %1, %0" : "+r"(sum) : "r"(uint64_t{1}));
    best = std::max(best, static_cast<double>(sum) / (cpu_seconds() - start));
  }
  return best;
}

// What the kernels read: the working set, and rows of activations. Every two bytes of it are a number near 1 in
// whatever encoding, so that no denormal slows anything.
class Data {
 public:
  explicit Data(uint64_t size) : size_(size) {
    void* address = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (address == MAP_FAILED) std::perror("bench_kernels: the working set"), std::exit(1);
    madvise(address, size, MADV_NOHUGEPAGE);
    set_ = static_cast<char*>(address);
    for (uint64_t i = 0; i + 2 <= size; i += 2) {
      set_[i] = static_cast<char>(i * 7 / 16);
      set_[i + 1] = 0x3c;
    }
    std::mt19937 random(1);
    for (float& value : values_) value = static_cast<float>(random() % 1000) / 500 - 1;
    for (int16_t& digit : digits_) digit = static_cast<int16_t>(static_cast<int>(random() % 255) - 127);
  }

  const char* set() const { return set_; }
  uint64_t size() const { return size_; }
  Rows rows(uint32_t count, uint32_t blocks, bool one_digit) const {
    return {values_.data(), digits_.data(), scales_.data(), kInputs,  digit_stride(kInputs),
            blocks,         nullptr,        count,          one_digit};
  }
  const float* values() const { return values_.data(); }

 private:
  char* set_;
  uint64_t size_;
  std::vector<float> values_ = std::vector<float>(kPanelRows * kInputs);
  std::vector<int16_t> digits_ = std::vector<int16_t>(kPanelRows * digit_stride(kInputs));
  std::vector<float> scales_ = std::vector<float>(kPanelRows * (kInputs / kBlock), 1e-4f);
};

// The first byte of a vector that a cache line begins with; the vector has 64 bytes to spare.
char* aligned(std::vector<char>& bytes) {
  return bytes.data() + (64 - reinterpret_cast<uintptr_t>(bytes.data()) % 64) % 64;
}

struct Bench {
  const Kernels& kernels;
  const Data& data;
  double cycles_per_second;
  std::vector<char> scratch = std::vector<char>(kKernelScratch + 64);
  std::vector<float> out = std::vector<float>(uint64_t{kPanelRows} * kSliceSums);

  char* aligned_scratch() { return aligned(scratch); }

  // Calls call(0), call(1) ... call(n_calls - 1), call(0) ...; each reads `bytes` and multiplies `numbers` of them.
  void add(const std::string& name, uint64_t n_calls, double bytes, double numbers,
           const std::function<void(uint64_t)>& call) {
    benchmark::RegisterBenchmark(name.c_str(), [=, this](benchmark::State& state) {
      uint64_t next = 0;
      const double start = cpu_seconds();
      for (auto _ : state) {
        call(next);
        next = next + 1 == n_calls ? 0 : next + 1;
      }
      const double seconds = cpu_seconds() - start;
      const auto calls = static_cast<double>(state.iterations());
      state.counters["bytes"] = benchmark::Counter(bytes * calls, benchmark::Counter::kIsRate);
      state.counters["cycles/64"] = seconds * cycles_per_second / (numbers * calls / 64);
    });
  }
};

// Matrices of one shape, one behind the other through the working set; where it is small, with fewer outputs.
class Matrices {
 public:
  Matrices(const Data& data, const Encoding& e, bool nk)
      : chunks_(cut_into_chunks(0, kInputs, kInputs)), bytes_(e.bytes), scales_(kOutputs, 1e-3f) {
    const uint64_t fit = data.size() / (kInputs * e.bytes);
    m_.n = static_cast<uint32_t>(std::min<uint64_t>(nk ? fit : kOutputs, fit) / kTileColumns * kTileColumns);
    m_.k = kInputs;
    m_.row_bytes = (nk ? m_.k : m_.n) * e.bytes;
    m_.data = data.set();
    m_.scales = reinterpret_cast<const char*>(scales_.data());
    m_.chunks = chunks_.list.data(), m_.n_chunks = static_cast<uint32_t>(chunks_.list.size());
    m_.element = e.element, m_.scale_element = Element::f32, m_.nk = nk, m_.tiled = e.tiled;
    count_ = data.size() / (uint64_t{m_.k} * m_.n * e.bytes);
  }
  Matrix at(uint64_t index) const {
    Matrix m = m_;
    m.data += index * m.k * m.n * bytes_;
    return m;
  }
  uint64_t count() const { return count_; }
  uint32_t n() const { return m_.n; }
  const Chunks& chunks() const { return chunks_; }

 private:
  Chunks chunks_;
  uint64_t bytes_, count_;
  std::vector<float> scales_;
  Matrix m_{};
};

std::shared_ptr<const Onednn> opened_onednn(bool one_digit) {
  try {
    return open_onednn(one_digit);
  } catch (const Refusal& refusal) {
    std::fprintf(stderr, "bench_kernels: %s\n", refusal.message);
    return nullptr;
  }
}

std::string shape_name(const char* kernel, const Encoding& e, uint32_t n, uint32_t rows, bool one_digit) {
  return std::string(kernel) + "/" + e.name + "/" + std::to_string(kInputs) + "x" + std::to_string(n) +
         "/rows:" + std::to_string(rows) + (one_digit ? "/one_digit" : "");
}

// A few rows. The share of one of `threads` threads: a chunk, and as many columns as give each thread one.
void add_sweep(Bench& bench, const Encoding& e, uint32_t threads, uint32_t rows = 1, bool one_digit = false) {
  const auto m = std::make_shared<const Matrices>(bench.data, e, false);
  const auto chunks = static_cast<uint32_t>(m->chunks().list.size());
  const uint32_t share = (m->n() * chunks / threads + kStrip - 1) / kStrip * kStrip;
  const uint32_t width = std::min({share, most_swept_columns(rows, e.tiled), m->n()});
  const uint64_t slices = m->n() / width, per_matrix = slices * chunks;  // a narrower last one is left out
  const double weights = double{kInputs} / chunks * width;
  bench.add(shape_name("sweep", e, m->n(), rows, one_digit) + "/threads:" + std::to_string(threads),
            per_matrix * m->count(), weights * static_cast<double>(e.bytes), weights * rows,
            [=, &bench](uint64_t call) {
              const auto chunk = static_cast<uint32_t>(call % per_matrix / slices);
              const auto begin = static_cast<uint32_t>(call % slices) * width;
              bench.kernels.sweep(m->at(call / per_matrix), bench.data.rows(rows, m->chunks().blocks, one_digit), chunk,
                                  begin, begin + width, bench.out.data(), width, bench.aligned_scratch());
            });
}

void add_tile(Bench& bench, const Encoding& e, uint32_t rows, bool one_digit = false) {
  const auto m = std::make_shared<const Matrices>(bench.data, e, false);
  const uint64_t tiles = m->n() / kTileColumns;
  const double weights = double{kInputs} * kTileColumns;
  bench.add(shape_name("tile", e, m->n(), rows, one_digit), tiles * m->count(), weights * static_cast<double>(e.bytes),
            weights * rows, [=, &bench](uint64_t call) {
              const auto begin = static_cast<uint32_t>(call % tiles) * kTileColumns;
              bench.kernels.tile(m->at(call / tiles), bench.data.rows(rows, m->chunks().blocks, one_digit), begin,
                                 begin + kTileColumns, bench.out.data(), kTileColumns, bench.aligned_scratch());
            });
}

// The same by oneDNN, where it is.
void add_onednn(Bench& bench, bool one_digit) {
  struct Opened {
    std::shared_ptr<const Onednn> library;
    std::unique_ptr<OnednnThread> thread;
    std::vector<char> scratch;
  };
  const std::shared_ptr<const Onednn> library = opened_onednn(one_digit);
  if (library == nullptr) return;
  const auto m = std::make_shared<const Matrices>(bench.data, kI8, false);
  const uint64_t tiles = m->n() / kTileColumns;
  const double weights = double{kInputs} * kTileColumns;
  for (const uint32_t rows : {16, 32, 64, 128, 256}) {
    const auto opened = std::make_shared<Opened>(
        Opened{library, library->make_thread(), std::vector<char>(library->scratch_bytes() + 64)});
    char* scratch = aligned(opened->scratch);
    bench.add(shape_name("onednn", kI8, m->n(), rows, one_digit), tiles * m->count(), weights, weights * rows,
              [=, &bench](uint64_t call) {
                const auto begin = static_cast<uint32_t>(call % tiles) * kTileColumns;
                opened->thread->tile(bench.kernels, m->at(call / tiles),
                                     bench.data.rows(rows, m->chunks().blocks, one_digit), begin, begin + kTileColumns,
                                     bench.out.data(), kTileColumns, scratch);
              });
  }
}

void add_dots(Bench& bench, const Encoding& e, uint32_t rows) {
  const auto m = std::make_shared<const Matrices>(bench.data, e, true);
  const double weights = double{kInputs} * kStrip;
  bench.add(shape_name("dots", e, m->n(), rows, false), m->n() / kStrip, weights * static_cast<double>(e.bytes),
            weights * rows, [=, &bench](uint64_t call) {
              const auto begin = static_cast<uint32_t>(call) * kStrip;
              bench.kernels.dots(m->at(0), bench.data.rows(rows, m->chunks().blocks, false), begin, begin + kStrip,
                                 1.0f, bench.out.data(), kStrip);
            });
}

// One row's heads of a kv head over a split of a cache.
void add_attend(Bench& bench, const Encoding& e) {
  const uint64_t rows_bytes = uint64_t{kPageTokens} * kHeadWidth * e.bytes, pages_per_split = kSplit / kPageTokens;
  const uint64_t splits = bench.data.size() / (2 * rows_bytes * pages_per_split);
  const auto pages = std::make_shared<std::vector<uint32_t>>(splits * pages_per_split);
  for (uint32_t p = 0; p < pages->size(); ++p) (*pages)[p] = p;
  const double numbers = 2.0 * kSplit * kHeadWidth;
  bench.add(std::string("attend/") + e.name, splits, numbers * static_cast<double>(e.bytes), numbers,
            [=, &bench](uint64_t call) {
              Attend a{};
              a.q = bench.data.values();
              a.k = bench.data.set(), a.v = a.k + rows_bytes, a.page_bytes = 2 * rows_bytes;
              a.row_bytes = static_cast<uint32_t>(kHeadWidth * e.bytes);
              a.pages = pages->data() + call * pages_per_split;
              a.heads = kHeadsPerKv, a.head_width = kHeadWidth, a.page_shift = 5;
              a.end = kSplit, a.multiplier = 0.088f, a.soft_cap = 30, a.element = e.element;
              float* out = bench.out.data();
              a.largest = out, a.sum = out + kHeads, a.out = out + 2 * kHeads;
              bench.kernels.attend(a, out + 4096);
            });
}

// What works on one row of activations, in the cache.
void add_rows(Bench& bench) {
  const auto add = [&](const char* name, uint32_t count, const std::function<void(const float*, float*)>& call) {
    bench.add(std::string(name) + "/" + std::to_string(count), 1, count * sizeof(float), count,
              [=, &bench](uint64_t) { call(bench.data.values(), bench.out.data()); });
  };
  static constexpr Chunk kWhole{0, kChunk, 0, 0, true};
  add("quantise", kChunk, [&bench](const float* x, float* y) {
    bench.kernels.quantise(x, kWhole, 32512.0f, reinterpret_cast<int16_t*>(y), y + kChunk);
  });
  add("norm", kInputs, [&bench](const float* x, float* y) {
    bench.kernels.norm(x, reinterpret_cast<const char*>(x), Element::f32, kInputs, 1e-5f, y);
  });
  add("exp", kOutputs, [&bench](const float* x, float* y) { bench.kernels.exp(x, y, kOutputs); });
  add("tanh", kOutputs, [&bench](const float* x, float* y) { bench.kernels.tanh(x, y, kOutputs); });
  add("gelu_times", kOutputs, [&bench](const float* x, float* y) {
    std::copy(x, x + kOutputs, y);  // it works in place, and would end at 0
    bench.kernels.gelu_times(y, x, kOutputs);
  });
}

// The processor's own rate: cycles/64 of a product of 64 numbers with two digits is that of dot_i16, or twice dot_i8.
void add_probes(Bench& bench) {
  const auto add = [&](const char* name, Probe (*probe)()) {
    if (probe != nullptr) bench.add(name, 1, 0, probe().operations / 2, [=](uint64_t) { probe(); });
  };
  add("dot_i8", bench.kernels.dot_i8);
  add("dot_i16", bench.kernels.dot_i16);
}

void add_all(Bench& bench) {
  for (const uint32_t threads : {2, 16, 64}) add_sweep(bench, kI8, threads);
  for (const uint32_t rows : {2, 4, 8, 16, 24}) add_sweep(bench, kI8, 2, rows);
  for (const uint32_t rows : {1, 4, 8, 16, 24}) add_sweep(bench, kTiledI8, 2, rows);
  for (const uint32_t rows : {1, 8}) add_sweep(bench, kI8, 2, rows, true);
  for (const Encoding& e : {kF32, kBf16, kF16}) add_sweep(bench, e, 2);
  for (const uint32_t rows : {2, 4, 8, 16, 32, 64, 128, 256}) add_tile(bench, kI8, rows);
  for (const uint32_t rows : {16, 32, 64, 128, 256}) add_tile(bench, kI8, rows, true);
  for (const bool one_digit : {false, true}) add_tile(bench, kTiledI8, 128, one_digit);
  for (const bool one_digit : {false, true}) add_onednn(bench, one_digit);
  for (const Encoding& e : {kF32, kBf16}) add_tile(bench, e, 64);
  for (const uint32_t rows : {1, 16, 64}) add_dots(bench, kF32, rows);
  for (const Encoding& e : {kF32, kBf16, kF16}) add_attend(bench, e);
  add_rows(bench);
  add_probes(bench);
}

const Kernels& chosen_kernels() {
  const std::string forced = forced_isa_of_environment();
  return kernels_of(forced.empty() ? best_isa() : forced_isa(forced, "GROK1_CPU_ISA"));
}

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  uint64_t mib = 1280;
  if (argc == 3 && std::strcmp(argv[1], "--working-set-mib") == 0) {
    mib = std::strtoull(argv[2], nullptr, 10);
  } else if (argc != 1) {
    std::fprintf(stderr, "usage: bench_kernels [--working-set-mib N] [--benchmark_...]\n");
    return 2;
  }
  try {
    const Data data(std::max<uint64_t>(mib, 8) << 20);
    Bench bench{chosen_kernels(), data, cycles_per_second()};
    benchmark::AddCustomContext("kernels", bench.kernels.name);
    benchmark::AddCustomContext("cycles_per_second", std::to_string(bench.cycles_per_second));
    add_all(bench);
    benchmark::RunSpecifiedBenchmarks();
  } catch (const Refusal& refusal) {
    std::fprintf(stderr, "bench_kernels: %s\n", refusal.message);
    return 1;
  }
  return 0;
}
