// Writes what a conversion has made from a thread of its own, brings it to the disk every so many bytes and only then
// notes in the journal which tensors are done. Buffers go round: the caller fills one while others are written.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "core/base/failure.h"
#include "core/convert/journal.h"
#include "core/convert/pages.h"
#include "core/convert/part_files.h"

namespace grok1 {

class WriteBehind {
 public:
  struct Piece {
    std::byte* buffer;
    uint64_t size = 0;
    uint32_t file = 0;
    uint64_t offset = 0;
    std::optional<Errors> ends_tensor;  // the tensor whose last bytes these are
  };

  WriteBehind(PartFiles& files, Journal& journal, uint64_t buffer_bytes, uint64_t sync_bytes);
  ~WriteBehind();  // what was not written is not
  WriteBehind(const WriteBehind&) = delete;
  WriteBehind& operator=(const WriteBehind&) = delete;

  // A free buffer of buffer_bytes. All three throw what writing threw.
  std::byte* take_buffer();
  void put(const Piece& piece);
  void finish();  // returns when all is on disk and in the journal

  uint64_t written();  // bytes
  double seconds();    // that writing and bringing to disk took

 private:
  void work();
  void write(const Piece& piece);
  void bring_to_disk();

  static constexpr size_t kBuffers = 3;  // one being filled, one being written, one between

  PartFiles& files_;
  Journal& journal_;
  uint64_t sync_bytes_;
  std::vector<Pages> memory_;

  uint64_t unsynced_ = 0;  // the thread's own, like the next two
  std::vector<Errors> unnoted_;
  std::optional<uint32_t> dirty_;  // the file that has bytes which are not on disk

  std::mutex mutex_;  // of all that follows
  std::condition_variable came_, freed_;
  std::deque<Piece> pieces_;
  std::vector<std::byte*> free_;
  bool finishing_ = false, finished_ = false, ending_ = false;
  std::optional<Failure> fault_;
  uint64_t written_ = 0;
  double seconds_ = 0;
  std::thread thread_;
};

}  // namespace grok1
