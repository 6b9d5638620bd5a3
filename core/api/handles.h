// What the opaque handles of grok1.h are, and the frame that every exported function runs in.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/api/structs.h"
#include "core/runtime/model.h"
#include "core/runtime/runtime.h"
#include "core/runtime/session.h"
#include "core/sampling/sampler.h"
#include "core/tokenizer/detokenizer.h"
#include "core/tokenizer/tokenizer.h"

struct grok1_runtime {
  std::shared_ptr<grok1::Runtime> impl;
};
struct grok1_cancel {
  std::shared_ptr<grok1::Cancel> impl;
};
struct grok1_model {
  std::shared_ptr<grok1::Model> impl;
  std::string encoding, devices;  // texts that grok1_model_info points to
};
struct grok1_tokenizer {
  std::shared_ptr<const grok1::Tokenizer> impl;
};
struct grok1_detokenizer {
  grok1::Detokenizer impl;
  std::string text;  // of the last call
  std::atomic<bool> busy{false};
};
struct grok1_session {
  std::shared_ptr<grok1::Session> impl;
};
struct grok1_imatrix {
  std::shared_ptr<grok1::Session> session;
  std::shared_ptr<grok1::InputSums> sums;
};
struct grok1_sampler {
  grok1::Sampler impl;
  std::atomic<bool> busy{false};
};

namespace grok1 {

// Runs the body of an exported function: its result, or the failure it threw, becomes the status and is written to err.
// A body returns nothing (GROK1_OK) or a status that is not negative.
template <class Body>
grok1_status enter(grok1_error* err, Body&& body) noexcept {
  try {
    grok1_status status = GROK1_OK;
    if constexpr (std::is_void_v<decltype(body())>) {
      body();
    } else {
      status = body();
    }
    clear_error(err, status);
    return status;
  } catch (...) {
    return handle_exception(err);
  }
}

// Delivers the runtime's log messages when a call ends, however it ends.
class LogDelivery {
 public:
  explicit LogDelivery(Runtime* runtime) : runtime_(runtime) {}
  ~LogDelivery() {
    if (runtime_ != nullptr) runtime_->log().deliver();
  }
  LogDelivery(const LogDelivery&) = delete;
  LogDelivery& operator=(const LogDelivery&) = delete;

 private:
  Runtime* runtime_;
};

// Holds a sampler or detokenizer for one call.
class OneAtATime {
 public:
  OneAtATime(std::atomic<bool>& busy, const char* what) : busy_(busy) {
    if (busy_.exchange(true, std::memory_order_acquire)) {
      fail(GROK1_E_BUSY, "the {} is in use by another call; give each thread its own", what);
    }
  }
  ~OneAtATime() { busy_.store(false, std::memory_order_release); }
  OneAtATime(const OneAtATime&) = delete;
  OneAtATime& operator=(const OneAtATime&) = delete;

 private:
  std::atomic<bool>& busy_;
};

template <class T>
T& require(T* pointer, const char* name) {
  if (pointer == nullptr) fail(GROK1_E_INVALID_ARGUMENT, "{}: a pointer wanted, found NULL", name);
  return *pointer;
}

// A caller's text: pointer and length, SIZE_MAX for NUL-terminated.
inline std::string_view read_text(const char* text, size_t size, const char* name) {
  if (text == nullptr) {
    if (size == 0) return {};
    fail(GROK1_E_INVALID_ARGUMENT, "{}: text wanted, found NULL", name);
  }
  return size == SIZE_MAX ? std::string_view(text) : std::string_view(text, size);
}

inline std::string read_path(const char* path, size_t size) {
  const std::string_view text = read_text(path, size, "path");
  if (text.empty() || text.find('\0') != text.npos) {
    fail(GROK1_E_INVALID_ARGUMENT, "path: a path wanted, found {}", text.empty() ? "an empty one" : "a NUL byte in it");
  }
  return std::string(text);
}

// Copies a result to a caller's array of `capacity` elements. Throws GROK1_E_BUFFER_TOO_SMALL; `*needed` is written
// either way. A capacity of 0 without an array asks for the size alone.
template <class T>
void hand_out(const T* values, size_t n, T* out, size_t capacity, size_t* needed) {
  if (needed != nullptr) *needed = n;
  if (out == nullptr && capacity == 0) return;
  require(out, "out");
  if (n > capacity) fail(GROK1_E_BUFFER_TOO_SMALL, "room for {} elements wanted, found room for {}", n, capacity);
  std::copy(values, values + n, out);
}

}  // namespace grok1
