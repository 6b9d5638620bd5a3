#include "core/convert/convert.h"

#include <chrono>
#include <optional>
#include <thread>

#include "core/base/encoding.h"
#include "core/convert/band_reader.h"
#include "core/convert/budget.h"
#include "core/convert/hash.h"
#include "core/convert/imatrix.h"
#include "core/convert/resume.h"
#include "core/convert/rows.h"
#include "core/convert/team.h"
#include "core/convert/write_behind.h"

namespace grok1 {
namespace {

constexpr uint64_t kEncoders = 1;  // counted up with every change that makes other bytes of the same numbers

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

uint32_t thread_count(uint32_t asked) {
  return asked != 0 ? std::min(asked, 1024u) : std::max(1u, std::thread::hardware_concurrency());
}

class Conversion {
 public:
  explicit Conversion(const ConvertRequest& request)
      : request_(request),
        plan_(plan_conversion(*request.source, request.vocabulary,
                              TypeChoice(request.options.type, request.options.overrides),
                              request.options.shard_bytes)),
        budget_(request.options.memory_bytes) {
    cut_into_bands(plan_, 0, budget_);  // what does not fit is found before anything is made
    if (request.options.imatrix_path != nullptr) imatrix_.emplace(request.options.imatrix_path);
    report_plan();
  }

  grok1_convert_report run() {
    if ((request_.options.flags & GROK1_CONVERT_DRY_RUN) != 0) return report_;
    const Clock::time_point start = Clock::now();
    ConversionState state(request_, plan_, fingerprint());
    for (const Errors& errors : state.journal().done()) total_.add(errors);
    for (size_t i = 0; i < state.done(); ++i) done_bytes_ += plan_.tensors[i].place.bytes;
    report_.resumed_bytes = done_bytes_;
    try {
      if (!state.is_complete()) {
        convert_from(state);
        request_.source->require_unchanged();
        state.journal().complete();
      }
      state.finish();
    } catch (const Failure& failure) {
      state.leave(failure.status());
      throw;
    } catch (const std::exception&) {
      state.leave(GROK1_E_OUT_OF_MEMORY);
      throw;
    }
    report_.seconds = seconds_since(start);
    report_errors();
    return report_;
  }

 private:
  void log(int32_t level, const std::string& message) const {
    if (request_.log) request_.log(level, message);
  }

  void report_plan() {
    report_.output_bytes = plan_.layout.bytes();
    report_.n_files = static_cast<uint32_t>(plan_.layout.files.size());
    report_.n_tensors = static_cast<uint32_t>(plan_.tensors.size());
    for (const PlannedTensor& tensor : plan_.tensors) {
      ++report_.encoding_tensors[tensor.encoding];
      report_.encoding_bytes[tensor.encoding] += tensor.place.bytes;
      report_importance(tensor);
      if (tensor.encoding == tensor.wanted) continue;
      ++report_.n_fallback;
      log(GROK1_LOG_INFO, fmt::format("{}: rows of {} numbers are no whole blocks of {}; {} instead", tensor.name,
                                      tensor.matrix.k, encoding_name(tensor.wanted), encoding_name(tensor.encoding)));
    }
  }

  void report_importance(const PlannedTensor& tensor) {
    if (!imatrix_ || !wants_importance(tensor) || imatrix_->has(tensor.name)) return;
    ++report_.n_without_importance;
    log(GROK1_LOG_INFO, fmt::format("{}: {} does not know it; all its numbers count alike", tensor.name,
                                    request_.options.imatrix_path));
  }

  static bool wants_importance(const PlannedTensor& tensor) {
    return !tensor.is_moved() && encoding_shape(tensor.encoding).elements > 1;
  }

  void report_errors() {
    report_.n_blocks = total_.blocks;
    report_.n_inexact_blocks = total_.inexact;
    report_.sum_squares = total_.squares;
    report_.sum_squared_errors = total_.squared_errors;
    report_.largest_relative_error = total_.largest;
    report_.lossless = total_.inexact == 0 ? 1 : 0;
  }

  Fingerprint fingerprint() const {
    Hash output, encoders;
    for (const GgufLayout::File& file : plan_.layout.files) output.add(file.header);
    if (imatrix_) output.add(imatrix_->stamp().size), output.add(static_cast<uint64_t>(imatrix_->stamp().changed_ns));
    encoders.add(kEncoders);
    encoders.add(grok1_version());
    return {fingerprint_of(*request_.source), output.value(), encoders.value()};
  }

  void convert_from(ConversionState& state) {
    const std::vector<Band> bands = cut_into_bands(plan_, state.done(), budget_);
    if (bands.empty()) return;
    poll(0);
    WriteBehind writer(state.files(), state.journal(), budget_.buffer_bytes, request_.sync_bytes);
    Team team(thread_count(request_.options.threads));
    for (uint32_t i = 0; i < team.size(); ++i) memory_.push_back(std::make_unique<TileMemory>());
    try {
      BandReader reader(
          bands, [this](size_t tensor) -> const Matrix& { return plan_.tensors[tensor].matrix; }, budget_.request_bytes,
          request_.pread);
      for (const Band& band : bands) {
        convert_band(band, reader.next(), team, writer);
        report_.read_bytes = reader.totals().bytes;
        report_.read_seconds = reader.totals().seconds;
      }
    } catch (const Failure&) {
      save_what_is_done(writer);
      throw;
    }
    writer.finish();
    report_.write_seconds = writer.seconds();
  }

  static void save_what_is_done(WriteBehind& writer) {
    try {
      writer.finish();
    } catch (const Failure&) {  // it is what ended the conversion, or comes after it
    }
  }

  void convert_band(const Band& band, const LoadedBand& loaded, Team& team, WriteBehind& writer) {
    const PlannedTensor& tensor = plan_.tensors[band.tensor];
    const BandSource source{tensor.matrix, band.rows(), loaded};
    const RowJob job{tensor, source, band, importance_of(band)};
    const uint64_t most = rows_of_buffer(tensor, budget_);
    for (uint64_t begin = 0; begin < band.rows(); begin += most) {
      const uint64_t end = std::min(band.rows(), begin + most),
                     first = band.expert * tensor.matrix.n + band.n_begin + begin;
      WriteBehind::Piece piece{writer.take_buffer(),
                               (end - begin) * tensor.row_bytes(),
                               tensor.place.file,
                               tensor.place.offset + first * tensor.row_bytes(),
                               {}};
      convert_buffer(job, begin, end, team, piece.buffer);
      done_bytes_ += piece.size;
      const bool last = band.expert + 1 == tensor.matrix.experts && band.n_begin + end == tensor.matrix.n;
      if (last) {
        piece.ends_tensor = of_tensor_;
        total_.add(of_tensor_);
        of_tensor_ = {};
      }
      writer.put(piece);
    }
  }

  // Rows begin .. end of the band; the sums in their order.
  void convert_buffer(const RowJob& job, uint64_t begin, uint64_t end, Team& team, std::byte* out) {
    const uint64_t tasks = (end - begin + kTileRows - 1) / kTileRows, row_bytes = job.tensor.row_bytes();
    const Clock::time_point start = Clock::now();
    std::vector<Errors> errors(tasks);
    std::atomic<uint64_t> rows{0};
    team.run(
        tasks,
        [&](uint32_t member, uint64_t task) {
          const uint64_t first = begin + task * kTileRows, last = std::min(end, first + kTileRows);
          errors[task] = convert_rows(job, first, last, *memory_[member], out + (first - begin) * row_bytes);
          rows += last - first;
        },
        [&] { poll(rows * row_bytes); });
    for (const Errors& part : errors) of_tensor_.add(part);
    report_.encode_seconds += seconds_since(start);
  }

  const float* importance_of(const Band& band) {
    const PlannedTensor& tensor = plan_.tensors[band.tensor];
    if (!imatrix_ || !wants_importance(tensor)) return nullptr;
    if (importance_tensor_ != &tensor) {
      importance_ = imatrix_->importance(tensor.name, tensor.matrix.experts, tensor.matrix.k);
      importance_tensor_ = &tensor;
    }
    const std::vector<float>& found = importance_[band.expert];
    return found.empty() ? nullptr : found.data();
  }

  // Progress and cancel, on the caller's thread.
  void poll(uint64_t bytes_of_buffer) {
    const grok1_convert_options& options = request_.options;
    const uint64_t done = done_bytes_ + bytes_of_buffer;
    const bool stop =
        options.progress != nullptr && options.progress(options.progress_user, done, report_.output_bytes) != 0;
    if (!stop && !(request_.cancelled && request_.cancelled())) return;
    fail(GROK1_E_CANCELLED, "the conversion was cancelled after {} of {} bytes; the same call goes on from there", done,
         report_.output_bytes);
  }

  const ConvertRequest& request_;
  Plan plan_;
  Budget budget_;
  std::optional<ImportanceMatrix> imatrix_;
  grok1_convert_report report_ = GROK1_INIT(grok1_convert_report);

  std::vector<std::unique_ptr<TileMemory>> memory_;  // of the team's members
  Errors total_, of_tensor_;
  uint64_t done_bytes_ = 0;
  const PlannedTensor* importance_tensor_ = nullptr;
  std::vector<std::vector<float>> importance_;  // of that tensor, by expert
};

}  // namespace

grok1_convert_report convert_model(const ConvertRequest& request) {
  return Conversion(request).run();
}

}  // namespace grok1
