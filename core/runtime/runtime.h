// What a grok1_runtime is: the log, the backends, and what was read from the environment when it was made.
#pragma once

#include <atomic>
#include <mutex>
#include <set>
#include <string>

#include "core/base/log.h"
#include "core/plugin/registry.h"

namespace grok1 {

class Runtime {
 public:
  explicit Runtime(const grok1_runtime_options& options)
      : log_(options.log, options.log_user, options.log_level), registry_(&options, log_) {
    if ((options.flags & GROK1_RUNTIME_NO_SEARCH) != 0) return;
    if (const char* devices = secure_getenv("GROK1_DEVICES")) default_devices_ = devices;
  }

  Log& log() { return log_; }
  Registry& registry() { return registry_; }
  const Registry& registry() const { return registry_; }
  const std::string& default_devices() const { return default_devices_; }  // "" where the environment names none

  // The same text with the runtime's lifetime. Any thread.
  const char* keep(const char* text) {
    std::lock_guard lock(mutex_);
    return texts_.insert(text).first->c_str();
  }

 private:
  Log log_;
  Registry registry_;
  std::string default_devices_;
  std::mutex mutex_;
  std::set<std::string> texts_;
};

// What a grok1_cancel is. Lock-free, so that a signal handler may set it.
class Cancel {
 public:
  void request() noexcept { flag_.store(1, std::memory_order_relaxed); }
  void reset() noexcept { flag_.store(0, std::memory_order_relaxed); }
  bool requested() const noexcept { return flag_.load(std::memory_order_relaxed) != 0; }

 private:
  static_assert(std::atomic<int32_t>::is_always_lock_free);
  std::atomic<int32_t> flag_{0};
};

}  // namespace grok1
