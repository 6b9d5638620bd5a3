// A backend's device 0 with one queue, opened through its operator table, and how its functions are called: call() for
// what must work, expect_refused() for what must not. Knows no operator; rig.h has those.
#ifndef GROK1_TESTS_CONFORMANCE_DEVICE_H
#define GROK1_TESTS_CONFORMANCE_DEVICE_H

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>

#include "grok1_backend.h"

namespace grok1::conformance {

template <class T>
using Handle = std::shared_ptr<T>;

struct CallFailed : std::runtime_error {
  CallFailed(const char* function, grok1_status status_, const grok1_error& err)
      : std::runtime_error(std::string(function) + " failed with " + std::to_string(status_) + ": " + err.message),
        status(status_) {}
  grok1_status status;
};

template <class Slot, class... Arguments>
void call(const char* function, Slot slot, Arguments... arguments) {
  grok1_error err = GROK1_INIT(grok1_error);
  const grok1_status status = slot(arguments..., &err);
  if (status != GROK1_OK) throw CallFailed(function, status, err);
}

// Every function returns 0 or a negative status and then has written what was wanted, what was found, what to do.
template <class Slot, class... Arguments>
grok1_status expect_refused(const std::string& what, Slot slot, Arguments... arguments) {
  grok1_error err = GROK1_INIT(grok1_error);
  const grok1_status status = slot(arguments..., &err);
  EXPECT_LT(status, 0) << what << " was not refused. Contract: \"Every function returns 0 or a negative GROK1_E_*\"";
  if (status >= 0) return status;
  EXPECT_NE(std::memchr(err.message, 0, sizeof err.message), nullptr) << what << ": the message does not end";
  EXPECT_STRNE(err.message, "") << what << " was refused without words. Contract: \"and then has written `err`\"";
  EXPECT_EQ(err.status, status) << what << ": err.status is not the status returned";
  return status;
}

class Device {
 public:
  // Throws CallFailed where the backend or its device cannot be opened.
  Device(const grok1_backend_descriptor& descriptor, uint32_t index, const std::string& options);
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;
  ~Device();

  const grok1_backend_ops& ops() const { return *ops_; }
  grok1_backend* backend() const { return backend_; }
  grok1_device* handle() const { return device_; }
  grok1_queue* queue() const { return queue_; }
  const grok1_backend_device& info() const { return info_; }
  bool is_cpu() const { return info_.kind == GROK1_DEVICE_CPU; }

  void sync() const { call("queue_sync", ops_->queue_sync, queue_); }

  // "" if the device can do it, otherwise why not.
  std::string unsupported(uint32_t what, uint32_t a, uint32_t b = 0, uint32_t c = 0) const;

  // Takes what a create function made; `destroy` is called after the queue's work is done.
  template <class T>
  Handle<T> own(T* made, void(GROK1_CALL* destroy)(T*)) const {
    return Handle<T>(made, [this, destroy](T* object) {
      grok1_error err = GROK1_INIT(grok1_error);
      ops_->queue_sync(queue_, &err);  // a failure was or will be reported to who waits for the result
      destroy(object);
    });
  }

 private:
  const grok1_backend_ops* ops_ = nullptr;
  grok1_backend* backend_ = nullptr;
  grok1_device* device_ = nullptr;
  grok1_queue* queue_ = nullptr;
  grok1_backend_device info_ = GROK1_INIT(grok1_backend_device);
};

// Names of required functions that a table lacks, separated by ", ".
std::string missing_functions(const grok1_backend_ops& ops);

// The test is listed as skipped where the device says that it cannot do what is asked.
#define GROK1_SKIP_IF_UNSUPPORTED(...)                                                                  \
  if (const std::string why = ::grok1::conformance::candidate().unsupported(__VA_ARGS__); !why.empty()) \
  GTEST_SKIP() << "unsupported: " << why

}  // namespace grok1::conformance

#endif
