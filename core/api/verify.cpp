#include <sched.h>

#include "core/api/handles.h"
#include "core/runtime/verify.h"

using namespace grok1;

namespace {

const char* fault_name(FileFault fault) {
  switch (fault) {
    case FileFault::kMissing: return "missing";
    case FileFault::kShort: return "short";
    case FileFault::kDuplicate: return "duplicate";
    case FileFault::kExtra: return "extra";
    case FileFault::kShape: return "shape";
    case FileFault::kEncoding: return "encoding";
    case FileFault::kNonFinite: return "non-finite";
    case FileFault::kChanged: return "changed";
    case FileFault::kUnreadable: return "unreadable";
    default: return "damaged";
  }
}

grok1_fault for_caller(const Fault& fault) {
  grok1_fault value = GROK1_INIT(grok1_fault);
  value.kind_name = fault_name(fault.failure.fault());
  value.path = fault.place.path.c_str();
  value.tensor = fault.place.tensor.c_str();
  value.message = fault.failure.what();
  value.offset = fault.failure.offset();
  value.count = fault.count;
  value.kind = static_cast<uint32_t>(fault.failure.fault());
  value.status = fault.failure.status();
  return value;
}

uint32_t usable_cores() {
  cpu_set_t cores;
  if (sched_getaffinity(0, sizeof cores, &cores) != 0) return 1;
  return static_cast<uint32_t>(std::max(CPU_COUNT(&cores), 1));
}

[[noreturn]] void fail_cancelled() {
  fail(GROK1_E_CANCELLED, "the verification was cancelled");
}

grok1_verify_options read_options(const grok1_verify_options* options) {
  grok1_verify_options known = read_struct<grok1_verify_options>(options, GROK1_INIT(grok1_verify_options), "options");
  if ((known.flags & ~uint32_t{GROK1_VERIFY_HEADERS_ONLY}) != 0) {
    fail(GROK1_E_INVALID_ARGUMENT, "grok1_verify_options.flags: GROK1_VERIFY_* wanted, found {:#x}", known.flags);
  }
  const uint32_t cores = usable_cores();
  known.threads = known.threads == 0 ? cores : std::min(known.threads, cores);
  return known;
}

// Tells the caller of each fault, counts them and keeps the first.
struct Count {
  grok1_fault_fn tell;
  void* user;
  uint64_t n = 0;
  std::optional<Failure> first;

  void take(const Fault& fault) {
    if (++n == 1) first = fault.failure;
    const grok1_fault value = for_caller(fault);
    if (tell != nullptr && tell(user, &value) != 0) fail_cancelled();
  }
};

grok1_verify_report report_of(const Verified& verified, uint64_t n_faults) {
  grok1_verify_report value = GROK1_INIT(grok1_verify_report);
  verified.format.copy(value.format, sizeof value.format - 1);
  value.n_faults = n_faults;
  value.bytes_read = verified.bytes_read;
  value.read_ns = verified.read_ns;
  value.n_files = verified.n_files;
  value.n_tensors = verified.n_tensors;
  return value;
}

}  // namespace

grok1_status grok1_model_verify(const char* path, size_t path_size, const grok1_verify_options* options,
                                grok1_fault_fn fault, void* user, grok1_verify_report* report, grok1_error* err) {
  return enter(err, [&] {
    const grok1_verify_options known = read_options(options);
    check_output<grok1_verify_report>(report, GROK1_INIT(grok1_verify_report), "report");
    const std::string file = read_path(path, path_size);
    const std::shared_ptr<Cancel> cancel = known.cancel != nullptr ? known.cancel->impl : nullptr;
    Count count{fault, user, 0, {}};
    Verified verified;
    const auto progress = [&](uint64_t done, uint64_t total) {
      const bool stop = known.progress != nullptr && known.progress(known.progress_user, done, total) != 0;
      if (stop || (cancel != nullptr && cancel->requested())) fail_cancelled();
    };
    try {
      verify_model(file, (known.flags & GROK1_VERIFY_HEADERS_ONLY) == 0, known.threads,
                   Faults([&](const Fault& f) { count.take(f); }), progress, verified);
    } catch (const Failure& failure) {
      if (failure.status() == GROK1_E_CANCELLED) write_struct(report, report_of(verified, count.n));
      throw;
    }
    write_struct(report, report_of(verified, count.n));
    if (count.n == 0) return;
    throw Failure(
        GROK1_E_BAD_FILE,
        fmt::format("{} {} found; the first: {}", count.n, count.n == 1 ? "fault" : "faults", count.first->message()),
        count.first->source(), count.first->native_code(), count.first->offset());
  });
}
