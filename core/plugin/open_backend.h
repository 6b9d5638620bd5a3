// A running backend: what its `open` made, with an operator table that is complete. Closes it when it goes.
#pragma once

#include <memory>
#include <string>

#include "grok1_backend.h"

namespace grok1 {

class OpenBackend {
 public:
  // `descriptor` has passed require_descriptor. Throws GROK1_LOAD_OPEN_FAILED, GROK1_LOAD_MISSING_FUNCTION,
  // GROK1_LOAD_NO_DEVICE, GROK1_LOAD_DRIVER_TOO_OLD; what was opened is closed again.
  OpenBackend(const grok1_backend_descriptor& descriptor, const grok1_backend_host& host);
  ~OpenBackend();
  OpenBackend(const OpenBackend&) = delete;
  OpenBackend& operator=(const OpenBackend&) = delete;

  grok1_backend* handle() const { return handle_; }
  const grok1_backend_ops* ops() const { return ops_; }
  uint32_t n_devices() const { return n_devices_; }

 private:
  void open(const grok1_backend_descriptor& descriptor, const grok1_backend_host& host);
  void require_table();
  void count_devices();
  void close() noexcept;

  grok1_backend* handle_ = nullptr;
  const grok1_backend_ops* ops_ = nullptr;
  std::unique_ptr<grok1_backend_ops> padded_;  // what ops_ points to if the plugin's own table is shorter than ours
  uint32_t n_devices_ = 0;
};

}  // namespace grok1
