#include "launch.h"

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <random>
#include <vector>

#include "block.h"
#include "counts.h"
#include "device.h"
#include "memory.h"

namespace gpu::emulator {
namespace {

std::string text(Grid g) {
  return "(" + std::to_string(g.x) + ", " + std::to_string(g.y) + ", " + std::to_string(g.z) + ")";
}

// Which block is the i-th to run.
class Sequence {
 public:
  Sequence(Order order, uint64_t seed, uint64_t count) : reverse_(order == Order::kReverse), count_(count) {
    if (order != Order::kShuffle) return;
    shuffled_.resize(count);
    std::iota(shuffled_.begin(), shuffled_.end(), uint64_t{0});
    std::shuffle(shuffled_.begin(), shuffled_.end(), std::mt19937_64(seed));
  }
  uint64_t operator[](uint64_t i) const { return !shuffled_.empty() ? shuffled_[i] : reverse_ ? count_ - 1 - i : i; }

 private:
  bool reverse_;
  uint64_t count_;
  std::vector<uint64_t> shuffled_;
};

// Gives the device's allocations bits for the sectors of one launch.
class SectorBits {
 public:
  explicit SectorBits(int device) {
    if (!counts_sectors()) return;
    for (Allocation& a : allocations) {
      if (a.size == 0 || a.device != device) continue;
      const size_t words = (a.size + kSector * 64 - 1) / (kSector * 64);
      bits_.emplace_back(2 * words);
      a.read = bits_.back().data();
      a.written = a.read + words;
    }
  }
  ~SectorBits() {
    if (bits_.empty()) return;
    for (Allocation& a : allocations) a.read = a.written = nullptr;
  }
  SectorBits(const SectorBits&) = delete;
  SectorBits& operator=(const SectorBits&) = delete;

 private:
  std::vector<std::vector<uint64_t>> bits_;
};

}  // namespace

void check(const Launch& launch, int device) {
  constexpr uint32_t kMostX = 0x7fffffff, kMostY = 65535;
  const Grid& g = launch.grid;
  const auto refuse = [&](const std::string& why) { fail(Error::Kind::kOther, "kernel " + launch.name + ": " + why); };
  if (g.x == 0 || g.y == 0 || g.z == 0 || g.x > kMostX || g.y > kMostY || g.z > kMostY)
    refuse("a grid of " + text(g) + " blocks; each number must be 1 to 65535, the first to 2147483647");
  if (launch.threads < 1 || launch.threads > 1024)
    refuse("a block of " + std::to_string(launch.threads) + " threads; it must have 1 to 1024");
  const int wave = machine().devices[static_cast<size_t>(device)].wave;
  if (launch.wave != wave)
    refuse("compiled for waves of " + std::to_string(launch.wave) + ", but emu:" + std::to_string(device) +
           " has waves of " + std::to_string(wave));
}

void run(const Launch& launch, int device) {
  const Options& options = machine().options;
  Device& d = machine().devices[static_cast<size_t>(device)];
  ++d.launches;
  if (options.lose_device == device && options.lose_at == d.launches)
    return lose(device, "kernel " + launch.name + " failed, because GROK1_EMU_LOSE asks for it");

  const SectorBits bits(device);
  traffic = {counts_sectors(), 0, 0, 0};
  const Grid g = launch.grid;
  const uint64_t count = uint64_t{g.x} * g.y * g.z;
  const Sequence sequence(options.order, options.seed + d.launches, count);
  std::string error;
  for (uint64_t i = 0; i < count && error.empty(); ++i) {
    const uint64_t b = sequence[i];
    const Grid index{static_cast<uint32_t>(b % g.x), static_cast<uint32_t>(b / g.x % g.y),
                     static_cast<uint32_t>(b / g.x / g.y)};
    error = run_block({&launch, device, index, options.order, options.seed + d.launches + b});
    if (!error.empty()) lose(device, "kernel " + launch.name + ", block " + text(index) + ", " + error);
  }
  end_grid();
  add_counts(launch.name, {1, traffic.sectors_read * kSector, traffic.sectors_written * kSector, traffic.requested});
}

}  // namespace gpu::emulator
