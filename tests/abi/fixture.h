// A loaded golden case with a handle of every kind, for tests of the interface's manners: which model it is does not
// matter, so it is the smallest one; what golden cases lack, a tokenizer, comes from the demo model.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/golden/engine.h"

namespace api_test {

inline const std::string kTinyModel = std::string(GROK1_TEST_DATA) + "/tiny";
inline const std::string kDemoModel = std::string(GROK1_TEST_DATA) + "/demo-model";
inline const std::string kTokenizer = std::string(GROK1_TEST_DATA) + "/demo-model/tokenizer.model";

// A file for this process alone, of which nothing is there yet.
inline std::string new_file(const char* name) {
  return testing::TempDir() + "grok1-" + std::to_string(getpid()) + "-" + name;
}

struct Handles {
  golden::Runtime runtime;
  golden::Cancel cancel;
  golden::Model model;
  golden::Model probed;  // the demo model without weights; it has a tokenizer
  golden::Tokenizer tokenizer;
  golden::Detokenizer detokenizer;
  golden::Session session;
  golden::Session other_session;
  golden::Sequence sequence;        // holds tokens 1, 2, 3 and the last row's logits
  golden::Sequence empty_sequence;  // of the same session
  golden::Sequence other_sequence;  // of the other session
  golden::Sampler sampler;
  golden::Imatrix imatrix;  // of `session`, from its first token on

  // Opens everything on a device.
  static Handles open(const char* device);
  // Appends tokens to `sequence` and returns the status.
  grok1_status decode(std::vector<int32_t> tokens, grok1_error* err) const;
};

inline grok1_status Handles::decode(std::vector<int32_t> tokens, grok1_error* err) const {
  grok1_sequence* one = sequence.get();
  const auto n = static_cast<uint32_t>(tokens.size());
  grok1_batch batch = GROK1_INIT(grok1_batch);
  batch.sequences = &one;
  batch.n_tokens = &n;
  batch.tokens = tokens.data();
  batch.count = 1;
  return grok1_decode(session.get(), &batch, err);
}

inline Handles Handles::open(const char* device) {
  using golden::make;
  Handles h;
  h.runtime = make<golden::Runtime>([](auto** out, auto* err) { return grok1_runtime_create(nullptr, out, err); });
  h.cancel = make<golden::Cancel>([](auto** out, auto* err) { return grok1_cancel_create(out, err); });
  grok1_model_options options = GROK1_INIT(grok1_model_options);
  options.devices = device;
  options.max_sequences = 2;
  options.context_tokens = 64;
  h.model = make<golden::Model>([&](auto** out, auto* err) {
    return grok1_model_load(h.runtime.get(), kTinyModel.c_str(), SIZE_MAX, &options, out, err);
  });
  h.probed = make<golden::Model>(
      [](auto** out, auto* err) { return grok1_model_probe(kDemoModel.c_str(), SIZE_MAX, nullptr, out, err); });
  h.tokenizer = make<golden::Tokenizer>(
      [](auto** out, auto* err) { return grok1_tokenizer_load(kTokenizer.c_str(), SIZE_MAX, out, err); });
  h.detokenizer = make<golden::Detokenizer>(
      [&](auto** out, auto* err) { return grok1_detokenizer_create(h.tokenizer.get(), -1, out, err); });
  for (golden::Session* session : {&h.session, &h.other_session}) {
    *session = make<golden::Session>(
        [&](auto** out, auto* err) { return grok1_session_create(h.model.get(), nullptr, out, err); });
  }
  const auto sequence_of = [](const golden::Session& session) {
    return make<golden::Sequence>(
        [&](auto** out, auto* err) { return grok1_sequence_create(session.get(), out, err); });
  };
  h.sequence = sequence_of(h.session);
  h.empty_sequence = sequence_of(h.session);
  h.other_sequence = sequence_of(h.other_session);
  h.sampler = make<golden::Sampler>([](auto** out, auto* err) { return grok1_sampler_create(nullptr, out, err); });
  h.imatrix =
      make<golden::Imatrix>([&](auto** out, auto* err) { return grok1_imatrix_create(h.session.get(), out, err); });
  grok1_error err = GROK1_INIT(grok1_error);
  golden::check(h.decode({1, 2, 3}, &err), err);
  return h;
}

}  // namespace api_test
