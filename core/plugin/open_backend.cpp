#include "core/plugin/open_backend.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "core/base/failure.h"
#include "core/plugin/operator_table.h"
#include "core/plugin/refusal.h"

namespace grok1 {
namespace {

// More than any machine has: a count beyond it is a fault of the plugin, not a number to allocate by.
constexpr uint32_t kMostDevices = 1024;
constexpr size_t kMostNamed = 5;  // missing functions that a reason lists

// The status of a call into a plugin that may be at fault in any way; `reason` becomes what it has to say.
template <class Call>
grok1_status guarded(Call&& call, std::string& reason) {
  grok1_error error = GROK1_INIT(grok1_error);
  try {
    const grok1_status status = call(&error);
    error.message[sizeof error.message - 1] = '\0';
    reason = Failure::from_backend(status, error).message();
    return status;
  } catch (const std::exception& thrown) {
    reason = fmt::format("it threw a C++ exception, which no backend may: {}", thrown.what());
  } catch (...) {
    reason = "it threw a C++ exception of unknown type, which no backend may";
  }
  return GROK1_E_BACKEND;
}

}  // namespace

OpenBackend::OpenBackend(const grok1_backend_descriptor& descriptor, const grok1_backend_host& host) {
  open(descriptor, host);
  try {
    require_table();
    count_devices();
  } catch (...) {
    close();
    throw;
  }
}

OpenBackend::~OpenBackend() {
  close();
}

void OpenBackend::open(const grok1_backend_descriptor& descriptor, const grok1_backend_host& host) {
  std::string reason;
  const grok1_status status =
      guarded([&](grok1_error* error) { return descriptor.open(&host, &handle_, &ops_, error); }, reason);
  if (status < 0) refuse(GROK1_LOAD_OPEN_FAILED, "the backend did not start: {} ({})", reason, status);
  if (handle_ == nullptr || ops_ == nullptr) {
    refuse(GROK1_LOAD_OPEN_FAILED,
           "the backend's `open` reported success but gave no {}; this is a fault of the plugin",
           handle_ == nullptr ? "handle" : "operator table");
  }
}

void OpenBackend::require_table() {
  const std::vector<std::string_view> missing = missing_functions(*ops_);
  if (ops_->struct_size < sizeof *ops_) {
    padded_ = std::make_unique<grok1_backend_ops>(padded_copy(*ops_));
    ops_ = padded_.get();
  }
  if (missing.empty()) return;
  const size_t shown = std::min(missing.size(), kMostNamed);
  refuse(GROK1_LOAD_MISSING_FUNCTION,
         "its operator table lacks {}{}; every slot that grok1_backend.h marks [required] must "
         "be there: rebuild the plugin with this version's header",
         fmt::join(missing.begin(), missing.begin() + shown, ", "),
         missing.size() > shown ? fmt::format(" and {} more", missing.size() - shown) : "");
}

void OpenBackend::count_devices() {
  std::string reason;
  const grok1_status status =
      guarded([&](grok1_error* error) { return ops_->device_count(handle_, &n_devices_, error); }, reason);
  if (status == GROK1_E_NOT_FOUND) refuse(GROK1_LOAD_NO_DEVICE, "{}", reason);
  if (status == GROK1_E_UNSUPPORTED) refuse(GROK1_LOAD_DRIVER_TOO_OLD, "{}", reason);
  if (status < 0) refuse(GROK1_LOAD_OPEN_FAILED, "the backend could not count its devices: {} ({})", reason, status);
  if (n_devices_ == 0) refuse(GROK1_LOAD_NO_DEVICE, "the backend works but found no device that it can use");
  if (n_devices_ > kMostDevices) {
    refuse(GROK1_LOAD_OPEN_FAILED,
           "the backend claims {} devices, more than {} are not believed; this is a fault of the "
           "plugin",
           n_devices_, kMostDevices);
  }
}

void OpenBackend::close() noexcept {
  if (handle_ == nullptr || ops_ == nullptr || ops_->close == nullptr) return;
  try {
    ops_->close(handle_);
  } catch (...) {  // there is nobody left to tell
  }
  handle_ = nullptr;
}

}  // namespace grok1
