#include "core/base/log.h"

#include <spdlog/sinks/base_sink.h>

#include <deque>
#include <mutex>
#include <string>

namespace grok1 {
namespace {

// A callback that never comes must not let the queue grow for ever.
constexpr size_t kMostQueued = 1024;

int32_t to_public(spdlog::level::level_enum level) {
  if (level >= spdlog::level::err) return GROK1_LOG_ERROR;
  if (level == spdlog::level::warn) return GROK1_LOG_WARNING;
  return level == spdlog::level::info ? GROK1_LOG_INFO : GROK1_LOG_DEBUG;
}

spdlog::level::level_enum to_spdlog(int32_t level) {
  switch (level) {
    case GROK1_LOG_ERROR: return spdlog::level::err;
    case GROK1_LOG_INFO: return spdlog::level::info;
    case GROK1_LOG_DEBUG: return spdlog::level::debug;
    default: return spdlog::level::warn;
  }
}

}  // namespace

class Log::QueueSink : public spdlog::sinks::base_sink<std::mutex> {
 public:
  struct Message {
    int32_t level;
    std::string text;
  };

  std::deque<Message> take() {
    std::lock_guard lock(mutex_);
    return std::exchange(queue_, {});
  }

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    if (queue_.size() >= kMostQueued) queue_.pop_front();
    queue_.push_back({to_public(message.level), std::string(message.payload.data(), message.payload.size())});
  }
  void flush_() override {}

 private:
  std::deque<Message> queue_;
};

Log::Log(grok1_log_fn callback, void* user, int32_t level)
    : sink_(std::make_shared<QueueSink>()),
      logger_(std::make_shared<spdlog::logger>("grok1", sink_)),
      callback_(callback),
      user_(user) {
  logger_->set_level(callback == nullptr ? spdlog::level::off : to_spdlog(level));
  logger_->set_error_handler([](const std::string&) {});  // spdlog's own handler prints to stderr
}

Log::~Log() = default;

void Log::write(int32_t level, std::string_view message) {
  logger_->log(to_spdlog(level), spdlog::string_view_t(message.data(), message.size()));
}

void Log::deliver() noexcept {
  if (callback_ == nullptr) return;
  try {
    for (const auto& message : sink_->take())
      callback_(user_, message.level, message.text.c_str(), message.text.size());
  } catch (...) {  // out of memory while taking the queue: the messages come with the next call
  }
}

}  // namespace grok1
