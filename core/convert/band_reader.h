// The bands of a conversion one after the other, read past the page cache into memory while the caller works on the one
// before. Of bands that are columns of a stored matrix each row is read in a piece of its own, of all others in large
// ones.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "core/base/direct_file.h"
#include "core/base/failure.h"
#include "core/convert/matrix.h"
#include "core/convert/pages.h"
#include "core/convert/runs.h"

namespace grok1 {

struct LoadedBand {
  const std::byte* values = nullptr;  // rows of the stored matrix: [K, rows] of a matrix that is [K, N], else [rows, K]
  const std::byte* scales = nullptr;  // [groups, rows] or NULL
};

class BandReader {
 public:
  // Matrices by Band::tensor. Everything given outlives it. Memory: two bands of the largest size and six requests.
  BandReader(std::vector<Band> bands, std::function<const Matrix&(size_t tensor)> matrix_of, uint64_t request_bytes,
             PreadFn pread);
  ~BandReader();
  BandReader(const BandReader&) = delete;
  BandReader& operator=(const BandReader&) = delete;

  // The next band, valid until the next call; there must be one. Throws what reading it threw: see direct_file.h.
  LoadedBand next();

  struct Totals {
    uint64_t bytes = 0;
    double seconds = 0;  // that the disk kept it waiting
  };
  Totals totals();  // of the bands that are full

  static uint64_t band_bytes(const Matrix& matrix, const Band& band);

 private:
  struct Slot {
    explicit Slot(uint64_t bytes) : memory(bytes) {}
    Pages memory;
    std::optional<Failure> fault;
  };

  void work();
  bool fill_bands(size_t& band, const std::vector<std::vector<Run>>& runs);
  void add_band_runs(const Band& band, std::vector<Run>& runs) const;
  bool wait_for_room(size_t band);
  void hand_over();

  std::vector<Band> bands_;
  std::function<const Matrix&(size_t)> matrix_of_;
  uint64_t request_bytes_;
  PreadFn pread_;
  std::vector<Slot> slots_;

  uint64_t bytes_ = 0;  // the thread's own, like the next
  double seconds_ = 0;

  std::mutex mutex_;  // of all that follows
  std::condition_variable filled_, freed_;
  size_t full_ = 0;       // bands that were filled
  size_t handed_ = 0;     // bands that the caller got
  size_t done_with_ = 0;  // bands that it needs no longer
  bool ending_ = false;
  Totals totals_;
  std::thread thread_;
};

}  // namespace grok1
