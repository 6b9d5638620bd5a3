#include "core/convert/band_reader.h"

#include <algorithm>
#include <chrono>

#include "core/base/encoding.h"
#include "core/base/read_ahead.h"
#include "core/convert/worker.h"

namespace grok1 {
namespace {

constexpr size_t kBands = 2;           // one that the caller has, one that is being filled
constexpr size_t kMostRuns = 1 << 12;  // that are listed at a time

// The rectangle of the stored matrix of values, or of scales.
Rectangle values_of(const Matrix& matrix, const Band& band) {
  if (matrix.is_kn) return {band.expert, 0, matrix.k, band.n_begin, band.n_end};
  return {band.expert, band.n_begin, band.n_end, 0, matrix.k};
}

uint64_t value_bytes(const Matrix& matrix, const Band& band) {
  const uint32_t encoding = matrix.tensor->values.encoding;
  if (matrix.is_kn) return matrix.k * encoded_bytes(encoding, band.rows());
  return band.rows() * encoded_bytes(encoding, matrix.k);
}

uint64_t scale_bytes(const Matrix& matrix, const Band& band) {
  const StoredArray& scales = matrix.tensor->scales;
  return scales.rank == 0 ? 0 : scales.outer() * encoded_bytes(scales.encoding, band.rows());
}

// Where the scales lie behind the values.
uint64_t scales_begin(const Matrix& matrix, const Band& band) {
  return (value_bytes(matrix, band) + 63) / 64 * 64;
}

}  // namespace

uint64_t BandReader::band_bytes(const Matrix& matrix, const Band& band) {
  return scales_begin(matrix, band) + scale_bytes(matrix, band);
}

BandReader::BandReader(std::vector<Band> bands, std::function<const Matrix&(size_t)> matrix_of, uint64_t request_bytes,
                       PreadFn pread)
    : bands_(std::move(bands)), matrix_of_(std::move(matrix_of)), request_bytes_(request_bytes), pread_(pread) {
  uint64_t largest = 1;
  for (const Band& band : bands_) largest = std::max(largest, band_bytes(matrix_of_(band.tensor), band));
  for (size_t i = 0; i < std::min(kBands, bands_.size()); ++i) slots_.emplace_back(largest);
  thread_ = start_worker([this] { work(); });
}

BandReader::~BandReader() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  freed_.notify_all();
  thread_.join();
}

void BandReader::add_band_runs(const Band& band, std::vector<Run>& runs) const {
  const Matrix& matrix = matrix_of_(band.tensor);
  add_runs(runs, matrix.tensor->values, values_of(matrix, band), request_bytes_);
  const StoredArray& scales = matrix.tensor->scales;
  if (scales.rank == 0) return;
  const size_t first = runs.size();
  add_runs(runs, scales, {band.expert, 0, scales.outer(), band.n_begin, band.n_end}, request_bytes_);
  for (size_t i = first; i < runs.size(); ++i) runs[i].to += scales_begin(matrix, band);
}

// Some bands at a time, so that the list of runs stays small.
void BandReader::work() {
  size_t band = 0;
  std::optional<Failure> fault;
  try {
    while (band < bands_.size() && !fault) {
      std::vector<std::vector<Run>> runs;
      for (size_t listed = 0, i = band; i < bands_.size() && listed < kMostRuns; ++i) {
        runs.emplace_back();
        add_band_runs(bands_[i], runs.back());
        listed += runs.back().size();
      }
      if (!fill_bands(band, runs)) return;
    }
    return;
  } catch (const Failure& failure) {
    fault = failure;
  } catch (const std::exception& other) {
    fault = Failure(GROK1_E_OUT_OF_MEMORY, other.what());
  }
  if (!wait_for_room(band)) return;
  slots_[band % slots_.size()].fault = fault;
  hand_over();
}

// Counts `band` on; false if nobody wants them any more.
bool BandReader::fill_bands(size_t& band, const std::vector<std::vector<Run>>& runs) {
  std::vector<FileRange> ranges;
  for (const std::vector<Run>& of_band : runs)
    for (const Run& run : of_band) ranges.push_back(run.range);
  ReadAhead reader(std::move(ranges), pread_);
  for (const std::vector<Run>& of_band : runs) {
    if (!wait_for_room(band)) return false;
    std::byte* memory = slots_[band % slots_.size()].memory.data();
    for (const Run& run : of_band) {
      const auto start = std::chrono::steady_clock::now();
      const std::byte* bytes = reader.next().data();
      seconds_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
      place_run(run, bytes, memory);
      bytes_ += run.range.size;
    }
    hand_over();
    ++band;
  }
  return true;
}

bool BandReader::wait_for_room(size_t band) {
  std::unique_lock lock(mutex_);
  freed_.wait(lock, [&] { return ending_ || band < done_with_ + slots_.size(); });
  return !ending_;
}

void BandReader::hand_over() {
  const std::lock_guard lock(mutex_);
  ++full_;
  totals_ = {bytes_, seconds_};
  filled_.notify_one();
}

LoadedBand BandReader::next() {
  std::unique_lock lock(mutex_);
  if (done_with_ < handed_) {
    ++done_with_;
    freed_.notify_one();
  }
  filled_.wait(lock, [&] { return handed_ < full_; });
  const Band& band = bands_[handed_];
  const Slot& slot = slots_[handed_++ % slots_.size()];
  if (slot.fault) throw *slot.fault;
  const Matrix& matrix = matrix_of_(band.tensor);
  const bool scaled = matrix.tensor->scales.rank != 0;
  return {slot.memory.data(), scaled ? slot.memory.data() + scales_begin(matrix, band) : nullptr};
}

BandReader::Totals BandReader::totals() {
  const std::lock_guard lock(mutex_);
  return totals_;
}

}  // namespace grok1
