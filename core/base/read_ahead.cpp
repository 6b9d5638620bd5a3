#include "core/base/read_ahead.h"

#include <sys/mman.h>

#include <algorithm>
#include <utility>

#include "core/base/blocked_signals.h"

namespace grok1 {
namespace {

constexpr uint64_t kHugePage = 2u << 20;  // fewer pages to pin for each request

std::byte* allocate(uint64_t size) {
  void* memory = std::aligned_alloc(kHugePage, (size + kHugePage - 1) / kHugePage * kHugePage);
  if (memory == nullptr) fail(GROK1_E_OUT_OF_MEMORY, "{} bytes for reading weights could not be allocated", size);
  madvise(memory, size, MADV_HUGEPAGE);  // a wish
  return static_cast<std::byte*>(memory);
}

}  // namespace

ReadAhead::ReadAhead(std::vector<FileRange> ranges, PreadFn pread) : ranges_(std::move(ranges)), pread_(pread) {
  uint64_t largest = 0;
  for (const FileRange& range : ranges_) largest = std::max(largest, range.size);
  slots_.resize(std::min(kBuffers, ranges_.size()));
  for (Slot& slot : slots_) slot.buffer.reset(allocate(DirectFile::room_for(largest)));
  start();
}

ReadAhead::~ReadAhead() {
  stop();
}

void ReadAhead::start() {
  const BlockedSignals blocked;
  try {
    while (threads_.size() < std::min(kInFlight, slots_.size())) threads_.emplace_back([this] { work(); });
  } catch (const std::exception& fault) {
    if (!threads_.empty()) return;  // slower
    fail(GROK1_E_OUT_OF_MEMORY, "a thread that reads weights could not be started: {}", fault.what());
  }
}

void ReadAhead::stop() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  freed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void ReadAhead::work() {
  std::optional<DirectFile> file;  // the one that this thread read last
  const MappedFile* opened = nullptr;
  std::unique_lock lock(mutex_);
  for (;;) {
    freed_.wait(lock, [&] { return ending_ || taken_ == ranges_.size() || taken_ < done_with_ + slots_.size(); });
    if (ending_ || taken_ == ranges_.size()) return;
    const FileRange range = ranges_[taken_];
    Slot& slot = slot_of(taken_++);
    lock.unlock();
    try {
      if (opened != range.file) {
        opened = nullptr;
        file.emplace(*range.file, pread_);
        opened = range.file;
      }
      slot.bytes = file->read(range.offset, range.size, slot.buffer.get());
    } catch (const Failure& failure) {
      slot.fault = failure;
    } catch (const std::exception& other) {
      slot.fault = Failure(GROK1_E_OUT_OF_MEMORY, other.what());
    }
    lock.lock();
    slot.full = true;
    filled_.notify_one();
  }
}

std::span<const std::byte> ReadAhead::next() {
  std::unique_lock lock(mutex_);
  if (done_with_ < handed_) {
    slot_of(done_with_++).full = false;
    freed_.notify_one();
  }
  Slot& slot = slot_of(handed_++);
  filled_.wait(lock, [&] { return slot.full; });
  if (slot.fault) throw Failure(*std::exchange(slot.fault, std::nullopt));  // the next range may come
  return slot.bytes;
}

}  // namespace grok1
