// What a reader does about a fault of the files that it could go on after. Without a Faults the fault is thrown, as
// loading a model wants it; with one it is told there and the reader goes on with what is right, as grok1_model_verify
// wants it. What a source then has is incomplete, and only its good tensors are to be used.
#pragma once

#include <functional>
#include <string>

#include "core/base/failure.h"

namespace grok1 {

// What was looked at; "" where it is no one file, no one tensor.
struct FaultPlace {
  std::string path, tensor;
};

struct Fault {
  Failure failure;  // fault() says the kind
  FaultPlace place;
  uint64_t count = 1;
};

class Faults {
 public:
  using Take = std::function<void(const Fault&)>;
  // `take` may throw to end the reading.
  explicit Faults(Take take) : take_(std::move(take)) {}

  void add(const Failure& failure, FileFault kind, const FaultPlace& place, uint64_t count = 1) const {
    take_({failure.counted_as(kind_of(failure.status(), kind)), place, count});
  }

  // Whether it is the files' fault, and not that of memory or the caller.
  static bool is_of_files(const Failure& failure) {
    const grok1_status status = failure.status();
    return status == GROK1_E_BAD_FILE || status == GROK1_E_NOT_FOUND || status == GROK1_E_IO ||
           status == GROK1_E_UNSUPPORTED;
  }

 private:
  static FileFault kind_of(grok1_status status, FileFault kind) {
    if (status == GROK1_E_IO) return FileFault::kUnreadable;
    return status == GROK1_E_NOT_FOUND ? FileFault::kMissing : kind;
  }

  Take take_;
};

// Runs a step of reading; true if it went through. A fault that has no kind counts as `kind`.
template <class Step>
bool tolerate(const Faults* faults, FileFault kind, const FaultPlace& place, Step&& step) {
  try {
    step();
    return true;
  } catch (const Failure& failure) {
    if (faults == nullptr || !Faults::is_of_files(failure)) throw;
    faults->add(failure, kind, place);
    return false;
  }
}

}  // namespace grok1
