// gpu_probes [--toy]: what a device can do, as a yardstick for what the kernels of backends/gpu do: reading and copying
// memory, the cost of a launch, the vendor's matrix product. Prints lines of "name key=value" for tests/gpu/run.sh.
// Written in the dialect: every vendor's compiler takes it, and the emulator runs it.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <exception>

#include "library_gemm.h"
#include "vendor/dialect.h"

namespace probes {
namespace {

constexpr int kThreads = 256;
constexpr int kEach = 8;  // loads of a thread in flight: 32 KiB of a block
constexpr uint64_t kBlockBytes = uint64_t{kThreads} * kEach * 16;

struct alignas(16) Words {
  uint32_t word[4];
};

// A block reads 32 KiB. What it read is stored only if it sums up to a number that the memory does not hold.
GPU_KERNEL(kThreads, 4) read_memory(const Words* from, uint32_t* never) {
  const Words* mine = from + uint64_t{gpu::block_x()} * (kThreads * kEach) + gpu::thread();
  Words words[kEach];
  for (int i = 0; i < kEach; ++i) words[i] = gpu::load_once(mine + i * kThreads);
  uint32_t bits = 0;
  for (int i = 0; i < kEach; ++i) bits |= words[i].word[0] | words[i].word[1] | words[i].word[2] | words[i].word[3];
  if (bits == 1) gpu::store(never, bits);
}

GPU_KERNEL(kThreads, 4) copy_memory(const Words* from, Words* to) {
  const uint64_t begin = uint64_t{gpu::block_x()} * (kThreads * kEach) + static_cast<uint64_t>(gpu::thread());
  Words words[kEach];
  for (int i = 0; i < kEach; ++i) words[i] = gpu::load_once(from + begin + i * kThreads);
  for (int i = 0; i < kEach; ++i) gpu::store(to + begin + i * kThreads, words[i]);
}

GPU_KERNEL(kThreads, 4) do_nothing() {}

// Pseudo-random bits, of which `cleared` are 0 and then `set` are 1: zeros alone would cost less power than numbers do.
GPU_KERNEL(kThreads, 4) fill_random(uint32_t* to, uint32_t cleared, uint32_t set) {
  const uint32_t i = gpu::block_x() * kThreads + static_cast<uint32_t>(gpu::thread());
  uint32_t bits = i * 0x9e3779b9u;
  bits = (bits ^ (bits >> 16)) * 0x85ebca6bu;
  bits = (bits ^ (bits >> 13)) * 0xc2b2ae35u;
  gpu::store(to + i, ((bits ^ (bits >> 16)) & ~cleared) | set);
}

struct Sizes {
  uint64_t bytes;  // read and copied: much more than a cache holds
  int launches;
  uint64_t gemm;  // rows and columns
};
constexpr Sizes kWhole{uint64_t{4} << 30, 10000, 8192}, kToy{uint64_t{1} << 20, 50, 64};

// Of one call of `enqueue`: the median of 5 samples of `calls` each.
template <class Enqueue>
double seconds_of(gpu::Stream stream, int calls, const Enqueue& enqueue) {
  double samples[6];
  for (double& seconds : samples) {
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < calls; ++i) enqueue();
    gpu::synchronize(stream);
    seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() / calls;
  }
  std::sort(samples + 1, samples + 6);  // the first warms up
  return samples[3];
}

void probe_memory(const Sizes& sizes, gpu::Stream stream) {
  auto* from = static_cast<Words*>(gpu::allocate(sizes.bytes));
  auto* to = static_cast<Words*>(gpu::allocate(sizes.bytes));
  gpu::fill(from, 0x5a, sizes.bytes, stream);
  const gpu::Grid grid{static_cast<uint32_t>(sizes.bytes / kBlockBytes)};
  const auto gb = static_cast<double>(sizes.bytes) / 1e9;
  const double read = seconds_of(stream, 20, [&] {
    gpu::launch("read_memory", read_memory, grid, kThreads, stream, from, reinterpret_cast<uint32_t*>(to));
  });
  std::printf("read gb_per_s=%.4g\n", gb / read);
  const double copy =
      seconds_of(stream, 20, [&] { gpu::launch("copy_memory", copy_memory, grid, kThreads, stream, from, to); });
  std::printf("copy gb_per_s=%.4g\n", 2 * gb / copy);
  gpu::release(from);
  gpu::release(to);
}

void probe_launch(const Sizes& sizes, gpu::Stream stream) {
  const double launch =
      seconds_of(stream, sizes.launches, [&] { gpu::launch("do_nothing", do_nothing, gpu::Grid{}, kThreads, stream); });
  std::printf("launch us=%.3g\n", launch * 1e6);
}

void probe_gemm(const Sizes& sizes, const char* name, Element element, gpu::Stream stream) {
  const uint64_t numbers = sizes.gemm * sizes.gemm, bytes = numbers * (element == Element::i8 ? 1 : 2);
  auto* inputs = static_cast<char*>(gpu::allocate(2 * bytes));
  void* output = gpu::allocate(4 * numbers);
  // A bf16 of any sign and fraction, 0.5 .. 1.
  const uint32_t cleared = element == Element::i8 ? 0 : 0x7f807f80u, set = element == Element::i8 ? 0 : 0x3f003f00u;
  gpu::launch("fill_random", fill_random, gpu::Grid{static_cast<uint32_t>(2 * bytes / 4 / kThreads)}, kThreads, stream,
              reinterpret_cast<uint32_t*>(inputs), cleared, set);
  try {
    const auto multiply = library_gemm(element, {inputs, inputs + bytes, output, sizes.gemm}, stream);
    const auto operations = 2 * static_cast<double>(numbers) * static_cast<double>(sizes.gemm);
    std::printf("gemm_%s top_per_s=%.4g\n", name, operations / seconds_of(stream, 20, multiply) / 1e12);
  } catch (const std::exception& missing) {
    std::printf("gemm_%s missing=%s\n", name, missing.what());
  }
  gpu::synchronize(stream);
  gpu::release(inputs);
  gpu::release(output);
}

void probe(const Sizes& sizes) {
  if (gpu::device_count() == 0) throw gpu::Error{gpu::Error::Kind::kNoDevice, 0, "there is no device"};
  const gpu::Selected selected(0);
  const gpu::Stream stream = gpu::create_stream();
  std::printf("device name=%s\n", gpu::properties(0).name.c_str());
  probe_memory(sizes, stream);
  probe_launch(sizes, stream);
  probe_gemm(sizes, "bf16", Element::bf16, stream);
  probe_gemm(sizes, "int8", Element::i8, stream);
  gpu::destroy(stream);
}

}  // namespace
}  // namespace probes

int main(int argc, char** argv) {
  const bool toy = argc == 2 && std::strcmp(argv[1], "--toy") == 0;
  if (argc != 1 && !toy) {
    std::fprintf(stderr, "usage: gpu_probes [--toy]\n");
    return 2;
  }
  try {
    probes::probe(toy ? probes::kToy : probes::kWhole);
    return 0;
  } catch (const gpu::Error& error) {
    std::fprintf(stderr, "gpu_probes: %s\n", error.text.c_str());
    return 1;
  }
}
