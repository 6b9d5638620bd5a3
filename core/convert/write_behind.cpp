#include "core/convert/write_behind.h"

#include <chrono>

#include "core/convert/worker.h"

namespace grok1 {

WriteBehind::WriteBehind(PartFiles& files, Journal& journal, uint64_t buffer_bytes, uint64_t sync_bytes)
    : files_(files), journal_(journal), sync_bytes_(sync_bytes) {
  for (size_t i = 0; i < kBuffers; ++i) free_.push_back(memory_.emplace_back(buffer_bytes).data());
  thread_ = start_worker([this] { work(); });
}

WriteBehind::~WriteBehind() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  came_.notify_all();
  thread_.join();
}

void WriteBehind::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    came_.wait(lock, [&] { return ending_ || !pieces_.empty() || (finishing_ && !finished_); });
    if (ending_) return;
    const bool last = pieces_.empty();
    const Piece piece = last ? Piece{nullptr, 0, 0, 0, {}} : pieces_.front();
    if (!last) pieces_.pop_front();
    lock.unlock();
    std::optional<Failure> fault;
    const auto start = std::chrono::steady_clock::now();
    try {
      last ? bring_to_disk() : write(piece);
    } catch (const Failure& failure) {
      fault = failure;
    } catch (const std::exception& other) {
      fault = Failure(GROK1_E_OUT_OF_MEMORY, other.what());
    }
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    lock.lock();
    seconds_ += seconds;
    written_ += piece.size;
    if (piece.buffer != nullptr) free_.push_back(piece.buffer);
    finished_ = last;
    fault_ = fault;
    freed_.notify_one();
    if (fault) return;
  }
}

void WriteBehind::write(const Piece& piece) {
  if (dirty_ && *dirty_ != piece.file) bring_to_disk();
  dirty_ = piece.file;
  files_.write(piece.file, piece.buffer, piece.size, piece.offset);
  files_.start_writeback(piece.file, piece.offset, piece.size);
  if (piece.ends_tensor) unnoted_.push_back(*piece.ends_tensor);
  unsynced_ += piece.size;
  if (unsynced_ >= sync_bytes_) bring_to_disk();
}

void WriteBehind::bring_to_disk() {
  if (dirty_) {
    files_.sync(*dirty_);
    files_.drop_from_cache(*dirty_);
  }
  dirty_.reset();
  unsynced_ = 0;
  if (!unnoted_.empty()) journal_.add(unnoted_);
  unnoted_.clear();
}

std::byte* WriteBehind::take_buffer() {
  std::unique_lock lock(mutex_);
  freed_.wait(lock, [&] { return fault_ || !free_.empty(); });
  if (fault_) throw *fault_;
  std::byte* buffer = free_.back();
  free_.pop_back();
  return buffer;
}

void WriteBehind::put(const Piece& piece) {
  const std::lock_guard lock(mutex_);
  if (fault_) throw *fault_;
  pieces_.push_back(piece);
  came_.notify_one();
}

void WriteBehind::finish() {
  std::unique_lock lock(mutex_);
  finishing_ = true;
  came_.notify_one();
  freed_.wait(lock, [&] { return fault_ || finished_; });
  if (fault_) throw *fault_;
}

uint64_t WriteBehind::written() {
  const std::lock_guard lock(mutex_);
  return written_;
}

double WriteBehind::seconds() {
  const std::lock_guard lock(mutex_);
  return seconds_;
}

}  // namespace grok1
