// What a device list means: "cpu", "cuda:1", "/path/libgrok1_mine.so". Which devices a model then gets is the concern
// of core/runtime.
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>

#include "core/base/failure.h"
#include "core/plugin/registry_state.h"
#include "core/plugin/search_path.h"

namespace grok1 {
namespace {

uint32_t parse_index(std::string_view item, std::string_view digits) {
  uint32_t index = 0;
  const char* end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, index);
  if (error != std::errc() || stop != end) {
    fail(GROK1_E_INVALID_ARGUMENT, "device '{}': after the colon a device's number is wanted, found '{}'", item,
         digits);
  }
  return index;
}

// Says which thread loads, for as long as it does.
class LoadingThread {
 public:
  explicit LoadingThread(std::atomic<std::thread::id>& thread) : thread_(thread) {
    thread_ = std::this_thread::get_id();
  }
  ~LoadingThread() { thread_ = std::thread::id(); }
  LoadingThread(const LoadingThread&) = delete;
  LoadingThread& operator=(const LoadingThread&) = delete;

 private:
  std::atomic<std::thread::id>& thread_;
};

}  // namespace

DeviceRef Registry::State::device_of(const Backend& backend, uint32_t index) const {
  std::lock_guard lock(mutex);
  for (const DeviceRef& device : devices) {
    if (device.backend == &backend && device.index == index) return device;
  }
  fail(GROK1_E_NO_BACKEND, "device '{}:{}' does not exist; backend {} has {}", backend.id, index, backend.id,
       backend.n_devices == 1 ? "one device, number 0" : fmt::format("devices 0 to {}", backend.n_devices - 1));
}

std::string Registry::State::why_not(std::string_view id) const {
  std::lock_guard lock(mutex);
  std::vector<std::string> failures, loaded;
  for (const Record& record : records) {
    if (record.backend != nullptr) loaded.push_back(record.backend->id);
    if (record.entry.backend != id) continue;
    failures.push_back(
        fmt::format("{}: {}: {}", record.entry.path, load_state_name(record.entry.state), record.entry.reason));
  }
  if (!failures.empty()) return fmt::format("it could not be loaded: {}", fmt::join(failures, "; "));
  const std::string there =
      loaded.empty() ? "no backend is loaded" : fmt::format("loaded are: {}", fmt::join(loaded, ", "));
  if (directories.empty()) return fmt::format("{}; no directory was searched", there);
  return fmt::format(
      "{}; no libgrok1_{}.so is in {}; set GROK1_BACKEND_PATH to the directory that holds it, or give the "
      "file's path",
      there, id, fmt::join(directories, ", "));
}

DeviceRef Registry::State::resolve_name(std::string_view item) const {
  const size_t colon = item.find(':');
  const std::string_view id = item.substr(0, colon);
  if (id.empty()) {
    fail(GROK1_E_INVALID_ARGUMENT, "device '{}': a backend's id, id:number or a plugin's path is wanted", item);
  }
  const uint32_t index = colon == std::string_view::npos ? 0 : parse_index(item, item.substr(colon + 1));
  const Backend* backend = find_backend(id);
  if (backend == nullptr) fail(GROK1_E_NO_BACKEND, "device '{}': there is no backend '{}': {}", item, id, why_not(id));
  return device_of(*backend, index);
}

DeviceRef Registry::State::resolve_path(const std::string& item) {
  if (loading_thread.load() == std::this_thread::get_id()) {
    fail(GROK1_E_BUSY, "device '{}': a plugin is being loaded by this thread; a callback cannot load another", item);
  }
  std::lock_guard lock(loading);
  const LoadingThread this_thread(loading_thread);
  // One that searching refused is tried again: now the caller vouches for it.
  const Record* record = find_file(candidate_identity(item));
  if (record == nullptr || record->backend == nullptr) record = &load_file(item, false);
  if (record->backend == nullptr) {
    fail(GROK1_E_NO_BACKEND, "device '{}': the plugin was not loaded: {}: {}", item,
         load_state_name(record->entry.state), record->entry.reason);
  }
  return device_of(*record->backend, 0);
}

std::vector<DeviceRef> Registry::resolve(std::string_view devices) {
  std::vector<DeviceRef> found;
  for (size_t begin = 0; begin <= devices.size();) {
    const size_t end = std::min(devices.find(',', begin), devices.size());
    const std::string_view item = devices.substr(begin, end - begin);
    begin = end + 1;
    const bool is_path = item.find('/') != std::string_view::npos;
    found.push_back(is_path ? state_->resolve_path(std::string(item)) : state_->resolve_name(item));
  }
  return found;
}

}  // namespace grok1
