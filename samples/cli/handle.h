// The library's handles as owning C++ values, and calls that throw Stop instead of returning an error. Knows grok1.h
// and nothing about any subcommand.
#pragma once

#include <memory>

#include "exit_code.h"
#include "grok1.h"

namespace cli {

template <auto function>
struct Release {
  template <typename T>
  void operator()(T* handle) const {
    function(handle);
  }
};

using Runtime = std::unique_ptr<grok1_runtime, Release<grok1_runtime_release>>;
using Cancel = std::unique_ptr<grok1_cancel, Release<grok1_cancel_release>>;
using Model = std::unique_ptr<grok1_model, Release<grok1_model_release>>;
using Tokenizer = std::unique_ptr<grok1_tokenizer, Release<grok1_tokenizer_release>>;
using Session = std::unique_ptr<grok1_session, Release<grok1_session_release>>;
using Sequence = std::unique_ptr<grok1_sequence, Release<grok1_sequence_release>>;
using Sampler = std::unique_ptr<grok1_sampler, Release<grok1_sampler_release>>;
using Imatrix = std::unique_ptr<grok1_imatrix, Release<grok1_imatrix_release>>;

// call(handle, err) makes the handle: make<Session>([&](auto** s, auto* err) { return grok1_session_create(m, o, s,
// err); })
template <typename Handle, typename Call>
Handle make(Call call) {
  typename Handle::pointer handle = nullptr;
  grok1_error err = GROK1_INIT(grok1_error);
  check(call(&handle, &err), err);
  return Handle(handle);
}

// call(err) returns a status.
template <typename Call>
grok1_status checked(Call call) {
  grok1_error err = GROK1_INIT(grok1_error);
  return check(call(&err), err);
}

}  // namespace cli
