// grok1 verify: everything that is wrong with a model's files: one line for each fault, and how much was looked at.
#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

#include "commands.h"
#include "files.h"
#include "interrupt.h"
#include "model.h"
#include "progress.h"
#include "text.h"

namespace cli {
namespace {

struct VerifyOptions {
  std::string path;
  uint32_t threads = 0;
  bool headers_only = false;
  bool json = false;
};

// What the library's callbacks reach. Nothing may be thrown through it: what went wrong is thrown afterwards.
struct Run {
  bool json;
  Progress progress{"verifying", Progress::Unit::kBytes};
  std::vector<nlohmann::ordered_json> faults;
  std::exception_ptr broken;

  void take(const grok1_fault& fault) {
    if (!json) {
      progress.wipe();
      write_stdout(text("%-11s %s\n", fault.kind_name, fault.message));
      flush_stdout();
      return;
    }
    faults.push_back({{"kind", fault.kind_name},
                      {"path", fault.path},
                      {"tensor", fault.tensor},
                      {"offset", fault.offset},
                      {"count", fault.count},
                      {"status", grok1_status_name(fault.status)},
                      {"message", fault.message}});
  }
};

int32_t take_fault(void* user, const grok1_fault* fault) {
  Run& run = *static_cast<Run*>(user);
  try {
    run.take(*fault);
    return 0;
  } catch (...) {
    run.broken = std::current_exception();
    return 1;
  }
}

int32_t show_progress(void* user, uint64_t done, uint64_t total) {
  static_cast<Run*>(user)->progress.update(done, total);
  return 0;
}

double seconds_of(const grok1_verify_report& report) {
  return 1e-9 * static_cast<double>(report.read_ns);
}

void print_summary(const grok1_verify_report& report, bool headers_only) {
  std::string line = text("%s, %u file%s, %u tensors: ", report.format[0] != '\0' ? report.format : "no model",
                          report.n_files, report.n_files == 1 ? "" : "s", report.n_tensors);
  if (headers_only) {
    line += "headers only, ";
  } else {
    const double seconds = seconds_of(report);
    line += text("%s of weights read in %.1f s", file_size(report.bytes_read).c_str(), seconds);
    if (report.bytes_read >= 100'000'000 && seconds > 0)
      line +=
          text(" (%s/s)", file_size(static_cast<uint64_t>(static_cast<double>(report.bytes_read) / seconds)).c_str());
    line += ", ";
  }
  line += report.n_faults == 0
              ? "nothing wrong"
              : text("%llu fault%s", static_cast<unsigned long long>(report.n_faults), report.n_faults == 1 ? "" : "s");
  write_stdout(line + "\n");
}

void print_json(const VerifyOptions& options, const grok1_verify_report& report, const Run& run) {
  const nlohmann::ordered_json out = {{"path", options.path},
                                      {"format", report.format},
                                      {"files", report.n_files},
                                      {"tensors", report.n_tensors},
                                      {"headers_only", options.headers_only},
                                      {"bytes_read", report.bytes_read},
                                      {"seconds", seconds_of(report)},
                                      {"faults", run.faults}};
  write_stdout(out.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

int verify(const VerifyOptions& options) {
  Interrupt interrupt;
  Run run;
  run.json = options.json;
  grok1_verify_options library = GROK1_INIT(grok1_verify_options);
  library.progress = show_progress;
  library.progress_user = &run;
  library.cancel = interrupt.flag();
  library.threads = options.threads;
  library.flags = options.headers_only ? GROK1_VERIFY_HEADERS_ONLY : 0;
  grok1_verify_report report = GROK1_INIT(grok1_verify_report);
  grok1_error err = GROK1_INIT(grok1_error);
  const grok1_status status =
      grok1_model_verify(options.path.data(), options.path.size(), &library, take_fault, &run, &report, &err);
  if (run.broken) std::rethrow_exception(run.broken);
  if (status != GROK1_E_BAD_FILE) check(status, err);
  run.progress.wipe();
  options.json ? print_json(options, report, run) : print_summary(report, options.headers_only);
  return status == GROK1_OK ? kOk : kBadFile;
}

}  // namespace

void add_verify(CLI::App& app, Action& action) {
  auto* sub = app.add_subcommand("verify", "Find everything that is wrong with a model's files");
  const auto options = std::make_shared<VerifyOptions>();
  sub->add_option("-m,--model", options->path, "Model: what grok1 run takes")->required();
  sub->add_flag("--headers-only", options->headers_only,
                "Do not read the weights: milliseconds instead of a whole read");
  sub->add_option("-t,--threads", options->threads, "Threads that look at what was read; default: one for each core")
      ->check(CLI::PositiveNumber);
  sub->add_flag("--json", options->json, "Print JSON");
  sub->footer(
      "A line for each fault: missing, short, damaged, duplicate, extra, shape, encoding, non-finite (infinities and "
      "NaN\n"
      "among the weights), changed (while it was read), unreadable. Exit code 3 if there is one.");
  sub->callback([options, &action] { action = [options] { return verify(*options); }; });
}

}  // namespace cli
