// Ranges of files, read past the page cache by a few threads, several at a time, while the caller works on what came
// before. They come in the order in which they were asked for. Knows nothing of their content.
#pragma once

#include <condition_variable>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <thread>
#include <vector>

#include "core/base/direct_file.h"
#include "core/base/failure.h"

namespace grok1 {

class ReadAhead {
 public:
  static constexpr size_t kInFlight = 4;  // requests; more gain nothing on the disks that were tried (docs/figures.md)
  static constexpr size_t kBuffers = 6;   // one that the caller has, and one that waits for it

  // Starts reading; the files outlive it. Memory is kBuffers times the largest range. Throws GROK1_E_OUT_OF_MEMORY.
  explicit ReadAhead(std::vector<FileRange> ranges, PreadFn pread = ::pread);
  ~ReadAhead();  // waits for what is under way
  ReadAhead(const ReadAhead&) = delete;
  ReadAhead& operator=(const ReadAhead&) = delete;

  // The next range's bytes, valid until the next call; there must be one. Throws what reading it threw, see
  // direct_file.h; the one after it may come all the same.
  std::span<const std::byte> next();

 private:
  struct Free {
    void operator()(void* memory) const { std::free(memory); }
  };
  struct Slot {
    std::unique_ptr<std::byte, Free> buffer;
    std::span<const std::byte> bytes;
    std::optional<Failure> fault;
    bool full = false;
  };

  void start();
  void stop();
  void work();
  Slot& slot_of(size_t range) { return slots_[range % slots_.size()]; }

  std::vector<FileRange> ranges_;
  PreadFn pread_;
  std::mutex mutex_;  // of all that follows
  std::condition_variable filled_, freed_;
  std::vector<Slot> slots_;
  size_t taken_ = 0;      // ranges that threads have begun to read
  size_t handed_ = 0;     // ranges that the caller got
  size_t done_with_ = 0;  // ranges that it needs no longer
  bool ending_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace grok1
