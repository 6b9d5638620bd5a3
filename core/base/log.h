// The log of a runtime: messages of any thread are queued and handed to the application's callback by deliver(), which
// core/api calls on the application's own thread. The only user of spdlog, which filters and formats by level.
#pragma once

#include <spdlog/logger.h>

#include <memory>
#include <string_view>

#include "grok1.h"

namespace grok1 {

class Log {
 public:
  Log(grok1_log_fn callback, void* user, int32_t level);
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  template <class... Args>
  void warn(fmt::format_string<Args...> format, Args&&... args) {
    logger_->warn(format, std::forward<Args>(args)...);
  }
  template <class... Args>
  void info(fmt::format_string<Args...> format, Args&&... args) {
    logger_->info(format, std::forward<Args>(args)...);
  }

  // A message of a backend at GROK1_LOG_*.
  void write(int32_t level, std::string_view message);

  // Hands queued messages to the callback, on this thread, in order.
  void deliver() noexcept;

 private:
  class QueueSink;
  std::shared_ptr<QueueSink> sink_;
  std::shared_ptr<spdlog::logger> logger_;
  grok1_log_fn callback_;
  void* user_;
};

}  // namespace grok1
