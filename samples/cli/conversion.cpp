// One call of grok1_model_convert, and what it reports in words.
#include "conversion.h"

#include <CLI/CLI.hpp>
#include <cmath>

#include "files.h"
#include "progress.h"
#include "text.h"

namespace cli {
namespace {

// By GROK1_ENCODING_*.
const char* const kEncodingNames[] = {"none",   "f32",   "f16",     "bf16",  "int8",   "q8_0",   "q4_0", "q4_1",
                                      "q5_0",   "q5_1",  "q2_k",    "q3_k",  "q4_k",   "q5_k",   "q6_k", "iq4_nl",
                                      "iq4_xs", "iq3_s", "iq3_xxs", "iq2_s", "iq2_xs", "iq2_xxs"};

int32_t show_progress(void* user, uint64_t done, uint64_t total) {
  static_cast<Progress*>(user)->update(done, total);
  return 0;
}

std::string joined(const std::vector<std::string>& items) {
  std::string all;
  for (const std::string& item : items) all += (all.empty() ? "" : ",") + item;
  return all;
}

const char* plural(uint64_t n) {
  return n == 1 ? "" : "s";
}

void print_plan(const std::string& output, const grok1_convert_report& report) {
  write_stdout(text("%s: %llu bytes (%s) in %u file%s, %u tensors\n", output.c_str(),
                    static_cast<unsigned long long>(report.output_bytes), file_size(report.output_bytes).c_str(),
                    report.n_files, plural(report.n_files), report.n_tensors));
  for (size_t i = 0; i < std::size(kEncodingNames); ++i) {
    if (report.encoding_tensors[i] == 0) continue;
    write_stdout(text("  %-8s %10s in %u tensor%s\n", kEncodingNames[i], file_size(report.encoding_bytes[i]).c_str(),
                      report.encoding_tensors[i], plural(report.encoding_tensors[i])));
  }
  if (report.n_fallback != 0)
    write_stdout(
        text("%u tensor%s in another encoding than asked for: rows are no whole blocks of it (-v names them)\n",
             report.n_fallback, plural(report.n_fallback)));
  if (report.n_without_importance != 0)
    write_stdout(text("%u tensor%s without importance: the matrix does not know them (-v names them)\n",
                      report.n_without_importance, plural(report.n_without_importance)));
}

void print_exactness(const grok1_convert_report& report) {
  if (report.lossless != 0) return write_stdout("lossless: every number is exactly the source's\n");
  const double rms = report.sum_squares > 0 ? std::sqrt(report.sum_squared_errors / report.sum_squares) : 0;
  write_stdout(
      text("%llu of %llu blocks differ from the source: rms %.4g of the weights', at most %.4g of a block's "
           "largest\n",
           static_cast<unsigned long long>(report.n_inexact_blocks), static_cast<unsigned long long>(report.n_blocks),
           rms, report.largest_relative_error));
}

void print_times(const grok1_convert_report& report) {
  if (report.resumed_bytes != 0)
    write_stdout(text("%s had been written before\n", file_size(report.resumed_bytes).c_str()));
  const double written = static_cast<double>(report.output_bytes - report.resumed_bytes);
  const double rate = report.seconds > 0 ? written / report.seconds : 0;
  write_stdout(text("%.1f s, %s/s; waited for reads %.1f s, encoding %.1f s, writing beside it %.1f s\n",
                    report.seconds, file_size(static_cast<uint64_t>(rate)).c_str(), report.read_seconds,
                    report.encode_seconds, report.write_seconds));
}

}  // namespace

void add_conversion_options(CLI::App& app, ConversionOptions& options) {
  app.add_option("--tokenizer", options.model.tokenizer, "tokenizer.model; default: the one of the model");
  app.add_option("--override", options.overrides,
                 "PATTERN=TYPE for tensors by GGUF name, 'blk.*.attn_*=q8_0'; the "
                 "first that matches decides");
  app.add_option("--imatrix", options.imatrix, "Importance matrix (GGUF, of llama.cpp's imatrix)");
  app.add_option("--shard-size", options.shard_bytes, "Most bytes of a file, 48GB; default: one file")
      ->transform(CLI::AsSizeValue(true));
  app.add_option("--memory", options.memory_bytes, "Most memory for weights on their way; default 2GiB")
      ->transform(CLI::AsSizeValue(true));
  app.add_option("-t,--threads", options.model.threads, "Threads that encode; default: one for each processor");
  app.add_flag("--dry-run", options.dry_run, "Say what would be written, to the byte, and write nothing");
  app.add_flag("--overwrite", options.overwrite, "Replace an existing file when the new one is complete");
  app.add_flag("--no-resume", options.no_resume, "Begin anew where an earlier conversion was stopped");
  app.add_flag("-v,--verbose", options.model.verbose, "Name the tensors that are not written as asked for");
}

int run_conversion(const ConversionOptions& options) {
  const Model model = probe_model(options.model);
  const std::string overrides = joined(options.overrides);
  Interrupt interrupt;
  grok1_convert_report report = GROK1_INIT(grok1_convert_report);
  grok1_convert_options library = GROK1_INIT(grok1_convert_options);
  if (!options.type.empty()) library.type = options.type.c_str();
  if (!overrides.empty()) library.overrides = overrides.c_str();
  if (!options.imatrix.empty()) library.imatrix_path = options.imatrix.c_str();
  library.shard_bytes = options.shard_bytes;
  library.memory_bytes = options.memory_bytes;
  library.threads = options.model.threads;
  library.cancel = interrupt.flag();
  if (options.model.verbose) library.log = print_log;
  if (options.dry_run) library.flags |= GROK1_CONVERT_DRY_RUN;
  if (options.overwrite) library.flags |= GROK1_CONVERT_OVERWRITE;
  if (options.no_resume) library.flags |= GROK1_CONVERT_NO_RESUME;
  {
    Progress progress("converting", Progress::Unit::kBytes);
    library.progress = show_progress;
    library.progress_user = &progress;
    checked([&](auto* err) {
      return grok1_model_convert(model.get(), options.output.data(), options.output.size(), &library, &report, err);
    });
  }
  print_plan(options.output, report);
  if (options.dry_run) return kOk;
  print_exactness(report);
  print_times(report);
  return kOk;
}

}  // namespace cli
