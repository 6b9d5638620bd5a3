// A payload is what lies in a file in one run: a part of a tensor, or one expert of it. It is cut into pieces of whole
// numbers or blocks, which the threads take in turn; the caller's thread adds up what they found of each payload.
#include "core/runtime/payload_scan.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>

#include "core/base/blocked_signals.h"
#include "core/base/encoding.h"
#include "core/base/read_ahead.h"
#include "core/formats/finite.h"

namespace grok1 {
namespace {

constexpr uint64_t kPieceBytes = 8u << 20;  // one request: what disks need to be at their fastest, and no more
constexpr auto kPatience = std::chrono::milliseconds(100);  // between two looks at whether to go on

struct Payload {
  const StoredArray* array;
  const TensorPart* part;
  std::string name;  // of the stored tensor; of scales it says so
  uint64_t offset, size;
  size_t pieces_left = 0;
  NonFinite found;  // `first` counted from the payload's begin
};

struct Piece {
  size_t payload;
  uint64_t begin, size;  // in the payload
};

void add_payloads(std::vector<Payload>& payloads, const StoredArray& array, const char* title) {
  for (const TensorPart& part : array.parts) {
    const uint64_t rows = part.outer_end - part.outer_begin, experts = part.expert_end - part.expert_begin;
    const uint64_t expert_bytes = rows * encoded_bytes(array.encoding, part.inner_end - part.inner_begin);
    const bool one_run = experts == 1 || part.expert_stride == expert_bytes;
    for (uint64_t i = 0; i < (one_run ? 1 : experts); ++i) {
      payloads.push_back({&array,
                          &part,
                          title + part.name,
                          part.offset + i * part.expert_stride,
                          one_run ? experts * expert_bytes : expert_bytes,
                          0,
                          {}});
    }
  }
}

class Scan {
 public:
  Scan(const TensorSource& source, uint32_t threads) : pieces_of_(std::max(threads, 1u)) {
    for (const Tensor& tensor : source.tensors()) {
      add_payloads(payloads_, tensor.values, "");
      if (tensor.scales.rank != 0) add_payloads(payloads_, tensor.scales, "the scales of ");
    }
    for (size_t i = 0, n = 0; i < payloads_.size(); ++i) {
      const uint64_t block = encoding_bytes(payloads_[i].array->encoding), step = kPieceBytes / block * block;
      for (uint64_t begin = 0; begin < payloads_[i].size; begin += step) {
        const uint64_t size = std::min(step, payloads_[i].size - begin);
        pieces_of_[n++ % pieces_of_.size()].push_back({i, begin, size});
        ++payloads_[i].pieces_left;
        total_ += size;
      }
    }
  }
  ~Scan() { stop(); }
  Scan(const Scan&) = delete;
  Scan& operator=(const Scan&) = delete;

  uint64_t run(const Faults& faults, const ScanProgress& progress) {
    progress(0, total_);
    start();
    std::unique_lock lock(mutex_);
    for (size_t next = 0; next < payloads_.size() || !unreadable_.empty();) {
      news_.wait_for(lock, kPatience, [&] {
        return broken_ || !unreadable_.empty() || (next < payloads_.size() && payloads_[next].pieces_left == 0);
      });
      if (broken_) throw Failure(*broken_);
      std::vector<Fault> found = std::move(unreadable_);
      unreadable_.clear();
      for (; next < payloads_.size() && payloads_[next].pieces_left == 0; ++next) {
        if (payloads_[next].found.count != 0) found.push_back(fault_of(payloads_[next]));
      }
      const uint64_t passed = passed_;
      lock.unlock();
      for (const Fault& fault : found) faults.add(fault.failure, fault.failure.fault(), fault.place, fault.count);
      progress(passed, total_);
      lock.lock();
    }
    return read_;
  }

 private:
  void start() {
    const BlockedSignals blocked;
    try {
      for (const std::vector<Piece>& pieces : pieces_of_) threads_.emplace_back([this, &pieces] { guarded(pieces); });
    } catch (const std::system_error& error) {
      fail(GROK1_E_OUT_OF_MEMORY, "a thread that checks weights could not be started: {}", error.what());
    }
  }

  void stop() {
    {
      const std::lock_guard lock(mutex_);
      ending_ = true;
    }
    for (std::thread& thread : threads_) thread.join();
  }

  void guarded(const std::vector<Piece>& pieces) {
    try {
      work(pieces);
    } catch (const std::exception& error) {
      const std::lock_guard lock(mutex_);
      broken_ = Failure(GROK1_E_OUT_OF_MEMORY, error.what());
      news_.notify_one();
    }
  }

  std::vector<FileRange> ranges_of(const Piece& piece) const {
    const Payload& payload = payloads_[piece.payload];
    return payload.part->file->ranges(payload.offset + piece.begin, piece.size);
  }

  void work(const std::vector<Piece>& pieces) {
    std::vector<FileRange> all;
    for (const Piece& piece : pieces)
      for (const FileRange& range : ranges_of(piece)) all.push_back(range);
    ReadAhead reader(std::move(all));
    std::vector<std::byte> joined;
    for (const Piece& piece : pieces) {
      const std::vector<FileRange> ranges = ranges_of(piece);
      std::span<const std::byte> bytes;
      bool whole = true;
      joined.clear();
      for (const FileRange& range : ranges) {
        try {
          bytes = reader.next();
          if (ranges.size() > 1) joined.insert(joined.end(), bytes.begin(), bytes.end());
        } catch (const Failure& failure) {
          if (!Faults::is_of_files(failure)) throw;
          whole = false;
          add_unreadable(failure, range);
        }
      }
      NonFinite found;
      if (whole) found = find_non_finite(payloads_[piece.payload].array->encoding, ranges.size() > 1 ? joined : bytes);
      if (add(piece, whole, found)) return;
    }
  }

  // Once for each file: what it says of one range it would say of all.
  void add_unreadable(const Failure& failure, const FileRange& range) {
    const std::lock_guard lock(mutex_);
    if (!told_.insert(range.file).second) return;
    unreadable_.push_back({failure, {range.file->path(), ""}, 1});
  }

  // Whether the scan is to end.
  bool add(const Piece& piece, bool whole, const NonFinite& found) {
    const std::lock_guard lock(mutex_);
    Payload& payload = payloads_[piece.payload];
    payload.found.count += found.count;
    if (found.count != 0) payload.found.first = std::min(payload.found.first, piece.begin + found.first);
    passed_ += piece.size;
    if (whole) read_ += piece.size;
    if (--payload.pieces_left == 0) news_.notify_one();
    return ending_;
  }

  static Fault fault_of(const Payload& payload) {
    const FilePlace place = payload.part->file->place(payload.offset + payload.found.first);
    const bool blocks = encoding_shape(payload.array->encoding).elements > 1;
    const Failure failure(
        GROK1_E_BAD_FILE,
        fmt::format(
            "{}: at byte {}: finite numbers wanted in {}, found {} {} in {}, the first one here; fetch it again",
            place.path, place.offset, payload.name, payload.found.count,
            blocks ? "blocks whose scale is an infinity or NaN" : "infinities or NaN",
            encoding_name(payload.array->encoding)),
        GROK1_SOURCE_FILE, 0, place.offset);
    return {failure.counted_as(FileFault::kNonFinite), {place.path, payload.part->name}, payload.found.count};
  }

  std::vector<Payload> payloads_;
  std::vector<std::vector<Piece>> pieces_of_;  // [threads]
  uint64_t total_ = 0;
  std::mutex mutex_;  // of what payloads have found and of all that follows
  std::condition_variable news_;
  std::vector<Fault> unreadable_;
  std::set<const MappedFile*> told_;
  uint64_t passed_ = 0, read_ = 0;
  bool ending_ = false;
  std::optional<Failure> broken_;
  std::vector<std::thread> threads_;
};

}  // namespace

uint64_t scan_payloads(const TensorSource& source, uint32_t threads, const Faults& faults,
                       const ScanProgress& progress) {
  return Scan(source, threads).run(faults, progress);
}

}  // namespace grok1
