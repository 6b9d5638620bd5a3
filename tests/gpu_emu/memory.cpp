#include "memory.h"

#include <cstdlib>
#include <cstring>
#include <map>

#include "device.h"

namespace gpu {
namespace emulator {

Allocation allocations[kAllocations];

namespace {

constexpr size_t kAlignment = 256;

struct Pinned {
  std::map<uintptr_t, size_t> ranges;
  uint64_t total = 0;
};
Pinned pinned;

// The next number that is not in use, going round so that an old address is not soon valid again. The low byte is not
// 0: some processors ignore the highest byte of an address.
size_t free_number() {
  static size_t last = 0;
  for (size_t tried = 0; tried < kAllocations; ++tried) {
    last = (last + 1) % kAllocations;
    if ((last & 0xff) != 0 && allocations[last].size == 0) return last;
  }
  fail(Error::Kind::kOutOfMemory, "the emulator holds at most 32640 allocations; all are in use");
}

void* reserve(size_t size) {
  void* memory = nullptr;
  if (posix_memalign(&memory, kAlignment, size) != 0) return nullptr;
  std::memset(memory, kUnwritten, size);
  return memory;
}

}  // namespace

char* find(const void* address, size_t size, int device) {
  const uintptr_t bits = reinterpret_cast<uintptr_t>(address);
  const Allocation& a = allocation_of(bits);
  const uintptr_t offset = (bits & kRealBits) - a.base;
  if (a.size == 0 || a.device != device || offset > a.size || size > a.size - offset) return nullptr;
  return reinterpret_cast<char*>(bits & kRealBits);
}

std::string describe(const void* address, size_t size, int device) {
  const uintptr_t bits = reinterpret_cast<uintptr_t>(address);
  if (address == nullptr) return "was given NULL";
  if (bits >> kNumberShift == 0) return "was given an address of the host, not of device memory";
  const Allocation& a = allocation_of(bits);
  if (a.size == 0) return "was given an address of memory that was released or never allocated";
  if (a.device != device)
    return "was given memory of emu:" + std::to_string(a.device) + ", but works on emu:" + std::to_string(device);
  const intptr_t offset = static_cast<intptr_t>((bits & kRealBits) - a.base);
  return "needs " + std::to_string(size) + " bytes at offset " + std::to_string(offset) + " of an allocation of " +
         std::to_string(a.size) + " bytes";
}

bool is_pinned(const void* memory, size_t size) {
  const uintptr_t begin = reinterpret_cast<uintptr_t>(memory);
  auto after = pinned.ranges.upper_bound(begin);
  if (after == pinned.ranges.begin()) return false;
  const auto [base, length] = *--after;
  return begin - base <= length && size <= length - (begin - base);
}

}  // namespace emulator

using namespace emulator;

void* allocate(size_t size) {
  const Lock held = lock();
  const int device = selected();
  check_alive(device);
  if (size == 0) return nullptr;
  Device& d = machine().devices[static_cast<size_t>(device)];
  const uint64_t free = machine().options.memory - d.used;
  void* memory = nullptr;
  if (size > free || (memory = reserve(size)) == nullptr)
    fail(Error::Kind::kOutOfMemory, "emu:" + std::to_string(device) + " has " + std::to_string(free) + " bytes free, " +
                                        std::to_string(size) + " were asked for");
  const size_t number = free_number();
  allocations[number] = {reinterpret_cast<uintptr_t>(memory), size, device, nullptr, nullptr};
  d.used += size;
  return reinterpret_cast<void*>(reinterpret_cast<uintptr_t>(memory) | uintptr_t{number} << kNumberShift);
}

void release(void* memory) noexcept {
  if (memory == nullptr) return;
  const Lock held = lock();
  Allocation& a = allocation_of(reinterpret_cast<uintptr_t>(memory));
  if (a.size == 0 || (reinterpret_cast<uintptr_t>(memory) & kRealBits) != a.base) {
    std::fprintf(stderr, "gpu emulator: release(%p) is not of an allocation's beginning\n", memory);
    std::abort();
  }
  machine().devices[static_cast<size_t>(a.device)].used -= a.size;
  std::free(reinterpret_cast<void*>(a.base));
  a = Allocation{};
}

void* allocate_pinned(size_t size) {
  const Lock held = lock();
  check_alive(selected());
  if (size == 0) return nullptr;
  void* memory = nullptr;
  if (size > machine().options.memory - pinned.total || (memory = reserve(size)) == nullptr)
    fail(Error::Kind::kOutOfMemory, std::to_string(size) + " bytes of pinned memory were asked for, " +
                                        std::to_string(pinned.total) + " of " +
                                        std::to_string(machine().options.memory) + " are in use");
  pinned.ranges.emplace(reinterpret_cast<uintptr_t>(memory), size);
  pinned.total += size;
  return memory;
}

void release_pinned(void* memory) noexcept {
  if (memory == nullptr) return;
  const Lock held = lock();
  const auto found = pinned.ranges.find(reinterpret_cast<uintptr_t>(memory));
  if (found == pinned.ranges.end()) {
    std::fprintf(stderr, "gpu emulator: release_pinned(%p) is not of an allocation's beginning\n", memory);
    std::abort();
  }
  pinned.total -= found->second;
  pinned.ranges.erase(found);
  std::free(memory);
}

}  // namespace gpu
