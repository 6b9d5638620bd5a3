// Why a candidate is not loaded. The checks of this folder throw it; the registry alone catches it and enters it in the
// load report. It never leaves the folder: to the rest of core a bad plugin is a report, not an error.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <exception>
#include <string>
#include <utility>

#include "grok1.h"

namespace grok1 {

class Refusal : public std::exception {
 public:
  Refusal(int32_t state, std::string reason) : state_(state), reason_(std::move(reason)) {}
  const char* what() const noexcept override { return reason_.c_str(); }
  int32_t state() const noexcept { return state_; }  // GROK1_LOAD_*
  const std::string& reason() const noexcept { return reason_; }

 private:
  int32_t state_;
  std::string reason_;
};

template <class... Args>
[[noreturn]] void refuse(int32_t state, fmt::format_string<Args...> format, Args&&... args) {
  throw Refusal(state, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace grok1
