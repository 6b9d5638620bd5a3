// What a careless caller does: each parameter of each function once wrong. The status must say so, the error must carry
// words, no out-parameter may be touched, and everything must work as before afterwards.
#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <functional>
#include <limits>

#include "tests/abi/fixture.h"

namespace {

using api_test::Handles;

struct Misuse {
  const char* what;
  grok1_status wanted;
  std::function<grok1_status(grok1_error*)> call;
};

// An out-parameter that must keep its value.
template <class T>
struct Untouched {
  static T* mark() { return reinterpret_cast<T*>(uintptr_t{0x5a5a5a50}); }
  T* value = mark();
  ~Untouched() { EXPECT_EQ(value, mark()) << "an out-parameter was written by a failing call"; }
  operator T**() { return &value; }
};

// Runs a call with the error wanted and with none.
void expect_refused(const Misuse& misuse) {
  grok1_error err = GROK1_INIT(grok1_error);
  EXPECT_EQ(misuse.call(&err), misuse.wanted) << misuse.what << ": " << err.message;
  EXPECT_EQ(err.status, misuse.wanted) << misuse.what;
  EXPECT_NE(err.message[0], '\0') << misuse.what << ": no message";
  EXPECT_EQ(misuse.call(nullptr), misuse.wanted) << misuse.what << " without an error struct";
}

class MisuseTest : public testing::TestWithParam<const char*> {
 protected:
  Handles h_ = Handles::open(GetParam());
  const char* const path_ = api_test::kTinyModel.c_str();
  grok1_model_options options_ = GROK1_INIT(grok1_model_options);

  void SetUp() override { options_.devices = GetParam(); }

  std::vector<float> logits() const {
    std::vector<float> row(256);  // vocab_size of the case `tiny`
    grok1_error err = GROK1_INIT(grok1_error);
    EXPECT_EQ(grok1_sequence_logits(h_.sequence.get(), 0, row.data(), row.size(), &err), GROK1_OK) << err.message;
    return row;
  }

  void expect_all_refused(const std::vector<Misuse>& cases) {
    for (const Misuse& misuse : cases) expect_refused(misuse);
  }

  // Everything is usable and gives the same result as before the mistakes.
  void expect_unharmed(const std::vector<float>& before) {
    grok1_error err = GROK1_INIT(grok1_error);
    ASSERT_EQ(grok1_sequence_truncate(h_.sequence.get(), 2, &err), GROK1_OK) << err.message;
    ASSERT_EQ(h_.decode({3}, &err), GROK1_OK) << err.message;
    EXPECT_EQ(logits(), before);
  }
};

TEST_P(MisuseTest, RuntimeAndModel) {
  const std::vector<float> before = logits();
  const auto bad_runtime = [](auto&& change) {
    return [change](grok1_error* err) {
      grok1_runtime_options options = GROK1_INIT(grok1_runtime_options);
      options.flags = GROK1_RUNTIME_NO_SEARCH;
      change(options);
      Untouched<grok1_runtime> out;
      return grok1_runtime_create(&options, out, err);
    };
  };
  const auto bad_load = [this](auto&& change) {
    return [this, change](grok1_error* err) {
      grok1_model_options options = options_;
      change(options);
      Untouched<grok1_model> out;
      return grok1_model_load(h_.runtime.get(), path_, SIZE_MAX, &options, out, err);
    };
  };
  grok1_rates rates = GROK1_INIT(grok1_rates);
  grok1_verify_report report = GROK1_INIT(grok1_verify_report);
  const auto verify = [&](const char* path, size_t size, uint32_t flags) {
    return [&report, path, size, flags](grok1_error* err) {
      grok1_verify_options options = GROK1_INIT(grok1_verify_options);
      options.flags = flags;
      return grok1_model_verify(path, size, &options, nullptr, nullptr, &report, err);
    };
  };
  static const char* const kNullPaths[] = {nullptr};
  static const grok1_backend_descriptor* const kNullBackends[] = {nullptr};
  expect_all_refused({
      {"runtime_create: runtime NULL", GROK1_E_INVALID_ARGUMENT,
       [](grok1_error* err) { return grok1_runtime_create(nullptr, nullptr, err); }},
      {"runtime_create: flags", GROK1_E_INVALID_ARGUMENT, bad_runtime([](auto& o) { o.flags = 0x80; })},
      {"runtime_create: log_level 5", GROK1_E_INVALID_ARGUMENT, bad_runtime([](auto& o) { o.log_level = 5; })},
      {"runtime_create: log_level -1", GROK1_E_INVALID_ARGUMENT, bad_runtime([](auto& o) { o.log_level = -1; })},
      {"runtime_create: backend_paths NULL", GROK1_E_INVALID_ARGUMENT,
       bad_runtime([](auto& o) { o.n_backend_paths = 1; })},
      {"runtime_create: backend_paths[0] NULL", GROK1_E_INVALID_ARGUMENT, bad_runtime([](auto& o) {
         o.backend_paths = kNullPaths;
         o.n_backend_paths = 1;
       })},
      {"runtime_create: backends NULL", GROK1_E_INVALID_ARGUMENT, bad_runtime([](auto& o) { o.n_backends = 1; })},
      {"runtime_create: backends[0] NULL", GROK1_E_INVALID_ARGUMENT, bad_runtime([](auto& o) {
         o.backends = kNullBackends;
         o.n_backends = 1;
       })},
      {"cancel_create: cancel NULL", GROK1_E_INVALID_ARGUMENT,
       [](grok1_error* err) { return grok1_cancel_create(nullptr, err); }},
      {"model_probe: path NULL", GROK1_E_INVALID_ARGUMENT,
       [](grok1_error* err) { return grok1_model_probe(nullptr, SIZE_MAX, nullptr, Untouched<grok1_model>(), err); }},
      {"model_probe: path empty", GROK1_E_INVALID_ARGUMENT,
       [](grok1_error* err) { return grok1_model_probe("", 0, nullptr, Untouched<grok1_model>(), err); }},
      {"model_probe: NUL in the path", GROK1_E_INVALID_ARGUMENT,
       [](grok1_error* err) { return grok1_model_probe("a\0b", 3, nullptr, Untouched<grok1_model>(), err); }},
      {"model_probe: no such path", GROK1_E_NOT_FOUND,
       [](grok1_error* err) {
         return grok1_model_probe("/nonexistent/model", SIZE_MAX, nullptr, Untouched<grok1_model>(), err);
       }},
      {"model_probe: model NULL", GROK1_E_INVALID_ARGUMENT,
       [this](grok1_error* err) { return grok1_model_probe(path_, SIZE_MAX, nullptr, nullptr, err); }},
      {"model_plan: path NULL", GROK1_E_INVALID_ARGUMENT,
       [this](grok1_error* err) {
         grok1_plan plan = GROK1_INIT(grok1_plan);
         return grok1_model_plan(h_.runtime.get(), nullptr, SIZE_MAX, &options_, &plan, err);
       }},
      {"model_plan: plan NULL", GROK1_E_INVALID_ARGUMENT,
       [this](grok1_error* err) {
         return grok1_model_plan(h_.runtime.get(), path_, SIZE_MAX, &options_, nullptr, err);
       }},
      {"model_load: path NULL", GROK1_E_INVALID_ARGUMENT,
       [this](grok1_error* err) {
         return grok1_model_load(h_.runtime.get(), nullptr, SIZE_MAX, &options_, Untouched<grok1_model>(), err);
       }},
      {"model_load: model NULL", GROK1_E_INVALID_ARGUMENT,
       [this](grok1_error* err) {
         return grok1_model_load(h_.runtime.get(), path_, SIZE_MAX, &options_, nullptr, err);
       }},
      {"model_load: unknown device", GROK1_E_NO_BACKEND, bad_load([](auto& o) { o.devices = "nosuch"; })},
      {"model_load: device index", GROK1_E_NO_BACKEND, bad_load([](auto& o) { o.devices = "cpu:7"; })},
      {"model_load: no such tokenizer", GROK1_E_NOT_FOUND,
       bad_load([](auto& o) { o.tokenizer_path = "/nonexistent/tokenizer.model"; })},
      {"model_load: threads= no number", GROK1_E_INVALID_ARGUMENT,
       bad_load([](auto& o) { o.backend_options = "threads=many"; })},
      {"model_load: cache_type", GROK1_E_INVALID_ARGUMENT, bad_load([](auto& o) { o.cache_type = 9; })},
      {"model_load: page_tokens 24", GROK1_E_INVALID_ARGUMENT, bad_load([](auto& o) { o.page_tokens = 24; })},
      {"model_load: page_tokens 8", GROK1_E_INVALID_ARGUMENT, bad_load([](auto& o) { o.page_tokens = 8; })},
      {"model_load: page_tokens 512", GROK1_E_INVALID_ARGUMENT, bad_load([](auto& o) { o.page_tokens = 512; })},
      {"model_load: context_tokens", GROK1_E_INVALID_ARGUMENT,
       bad_load([](auto& o) { o.context_tokens = UINT32_MAX; })},
      {"model_load: max_sequences", GROK1_E_INVALID_ARGUMENT, bad_load([](auto& o) { o.max_sequences = UINT32_MAX; })},
      {"model_load: flags", GROK1_E_INVALID_ARGUMENT, bad_load([](auto& o) { o.flags = 1; })},
      {"model_tokenizer: model NULL", GROK1_E_INVALID_ARGUMENT,
       [](grok1_error* err) { return grok1_model_tokenizer(nullptr, Untouched<grok1_tokenizer>(), err); }},
      {"model_tokenizer: tokenizer NULL", GROK1_E_INVALID_ARGUMENT,
       [this](grok1_error* err) { return grok1_model_tokenizer(h_.probed.get(), nullptr, err); }},
      {"model_tokenizer: a model without one", GROK1_E_NO_TOKENIZER,
       [this](grok1_error* err) { return grok1_model_tokenizer(h_.model.get(), Untouched<grok1_tokenizer>(), err); }},
      {"model_measure: model NULL", GROK1_E_INVALID_ARGUMENT,
       [&](grok1_error* err) { return grok1_model_measure(nullptr, 0, 4096, &rates, err); }},
      {"model_measure: rates NULL", GROK1_E_INVALID_ARGUMENT,
       [this](grok1_error* err) { return grok1_model_measure(h_.model.get(), 0, 4096, nullptr, err); }},
      {"model_measure: a probed model", GROK1_E_NO_WEIGHTS,
       [&](grok1_error* err) { return grok1_model_measure(h_.probed.get(), 0, 4096, &rates, err); }},
      {"model_measure: no such device", GROK1_E_OUT_OF_RANGE,
       [&](grok1_error* err) { return grok1_model_measure(h_.model.get(), 1, 4096, &rates, err); }},
      {"runtime_measure: runtime NULL", GROK1_E_INVALID_ARGUMENT,
       [&](grok1_error* err) { return grok1_runtime_measure(nullptr, 0, 4096, &rates, err); }},
      {"runtime_measure: rates NULL", GROK1_E_INVALID_ARGUMENT,
       [this](grok1_error* err) { return grok1_runtime_measure(h_.runtime.get(), 0, 4096, nullptr, err); }},
      {"runtime_measure: no such device", GROK1_E_OUT_OF_RANGE,
       [&](grok1_error* err) { return grok1_runtime_measure(h_.runtime.get(), SIZE_MAX, 4096, &rates, err); }},
      {"model_verify: path NULL", GROK1_E_INVALID_ARGUMENT, verify(nullptr, SIZE_MAX, 0)},
      {"model_verify: path empty", GROK1_E_INVALID_ARGUMENT, verify("", 0, 0)},
      {"model_verify: NUL in the path", GROK1_E_INVALID_ARGUMENT, verify("a\0b", 3, 0)},
      {"model_verify: no such path", GROK1_E_NOT_FOUND, verify("/nonexistent/model", SIZE_MAX, 0)},
      {"model_verify: flags", GROK1_E_INVALID_ARGUMENT, verify(path_, SIZE_MAX, 0x80)},
      {"model_verify: report NULL", GROK1_E_INVALID_ARGUMENT,
       [this](grok1_error* err) {
         return grok1_model_verify(path_, SIZE_MAX, nullptr, nullptr, nullptr, nullptr, err);
       }},
  });
  EXPECT_EQ(rates.fma_per_second, 0);
  EXPECT_EQ(report.n_files, 0u);
  grok1_load_entry entry = GROK1_INIT(grok1_load_entry);
  grok1_device_info device = GROK1_INIT(grok1_device_info);
  grok1_model_info info = GROK1_INIT(grok1_model_info);
  grok1_tensor_info tensor = GROK1_INIT(grok1_tensor_info);
  EXPECT_EQ(grok1_runtime_load_report(nullptr, 0, &entry), GROK1_E_INVALID_ARGUMENT);
  EXPECT_EQ(grok1_runtime_load_report(h_.runtime.get(), 0, nullptr), GROK1_E_INVALID_ARGUMENT);
  EXPECT_EQ(grok1_runtime_load_report(h_.runtime.get(), SIZE_MAX, &entry), GROK1_E_OUT_OF_RANGE);
  EXPECT_EQ(grok1_runtime_device(nullptr, 0, &device), GROK1_E_INVALID_ARGUMENT);
  EXPECT_EQ(grok1_runtime_device(h_.runtime.get(), 0, nullptr), GROK1_E_INVALID_ARGUMENT);
  EXPECT_EQ(grok1_runtime_device(h_.runtime.get(), SIZE_MAX, &device), GROK1_E_OUT_OF_RANGE);
  EXPECT_EQ(grok1_model_get_info(nullptr, &info), GROK1_E_INVALID_ARGUMENT);
  EXPECT_EQ(grok1_model_get_info(h_.model.get(), nullptr), GROK1_E_INVALID_ARGUMENT);
  EXPECT_EQ(grok1_model_tensor(nullptr, 0, &tensor), GROK1_E_INVALID_ARGUMENT);
  EXPECT_EQ(grok1_model_tensor(h_.model.get(), 0, nullptr), GROK1_E_INVALID_ARGUMENT);
  EXPECT_EQ(grok1_model_tensor(h_.model.get(), SIZE_MAX, &tensor), GROK1_E_OUT_OF_RANGE);
  EXPECT_EQ(grok1_model_tensor_part(nullptr, 0, 0, &tensor), GROK1_E_INVALID_ARGUMENT);
  EXPECT_EQ(grok1_model_tensor_part(h_.model.get(), 0, 0, nullptr), GROK1_E_INVALID_ARGUMENT);
  EXPECT_EQ(grok1_model_tensor_part(h_.model.get(), SIZE_MAX, 0, &tensor), GROK1_E_OUT_OF_RANGE);
  EXPECT_EQ(grok1_model_tensor_part(h_.model.get(), 0, SIZE_MAX, &tensor), GROK1_E_OUT_OF_RANGE);
  EXPECT_EQ(tensor.name, nullptr);
  const char* warning = "mark";
  EXPECT_EQ(grok1_model_warning(nullptr, 0, &warning), GROK1_E_INVALID_ARGUMENT);
  EXPECT_EQ(grok1_model_warning(h_.model.get(), 0, nullptr), GROK1_E_INVALID_ARGUMENT);
  EXPECT_EQ(grok1_model_warning(h_.model.get(), SIZE_MAX, &warning), GROK1_E_OUT_OF_RANGE);
  EXPECT_STREQ(warning, "mark");
  const grok1_plan plan = GROK1_INIT(grok1_plan);
  grok1_encoding_fit fit = GROK1_INIT(grok1_encoding_fit);
  EXPECT_EQ(grok1_model_fit_encoding(nullptr, &plan, 0, &fit), GROK1_E_INVALID_ARGUMENT);
  EXPECT_EQ(grok1_model_fit_encoding(h_.model.get(), nullptr, 0, &fit), GROK1_E_INVALID_ARGUMENT);
  EXPECT_EQ(grok1_model_fit_encoding(h_.model.get(), &plan, 0, nullptr), GROK1_E_INVALID_ARGUMENT);
  EXPECT_EQ(grok1_model_fit_encoding(h_.model.get(), &plan, SIZE_MAX, &fit), GROK1_E_OUT_OF_RANGE);
  EXPECT_EQ(fit.name, nullptr);
  expect_unharmed(before);
}

TEST_P(MisuseTest, Convert) {
  const std::vector<float> before = logits();
  const std::string target = testing::TempDir() + "grok1_misuse_" + GetParam() + ".gguf";
  grok1_convert_report report = GROK1_INIT(grok1_convert_report);
  const auto bad_convert = [&](auto&& change) {
    return [&, change](grok1_error* err) {
      grok1_convert_options options = GROK1_INIT(grok1_convert_options);
      change(options);
      return grok1_model_convert(h_.model.get(), target.c_str(), SIZE_MAX, &options, &report, err);
    };
  };
  grok1_head chained = {sizeof(grok1_head), 999, nullptr};
  expect_all_refused({
      {"model_convert: model NULL", GROK1_E_INVALID_ARGUMENT,
       [&](grok1_error* err) { return grok1_model_convert(nullptr, target.c_str(), SIZE_MAX, nullptr, &report, err); }},
      {"model_convert: path NULL", GROK1_E_INVALID_ARGUMENT,
       [&](grok1_error* err) { return grok1_model_convert(h_.model.get(), nullptr, SIZE_MAX, nullptr, &report, err); }},
      {"model_convert: path empty", GROK1_E_INVALID_ARGUMENT,
       [&](grok1_error* err) { return grok1_model_convert(h_.model.get(), "", 0, nullptr, &report, err); }},
      {"model_convert: NUL in the path", GROK1_E_INVALID_ARGUMENT,
       [&](grok1_error* err) { return grok1_model_convert(h_.model.get(), "a\0b", 3, nullptr, &report, err); }},
      {"model_convert: no such folder", GROK1_E_NOT_FOUND,
       [&](grok1_error* err) {
         return grok1_model_convert(h_.model.get(), "/nonexistent/x.gguf", SIZE_MAX, nullptr, &report, err);
       }},
      {"model_convert: a report of another type", GROK1_E_INVALID_ARGUMENT,
       [&](grok1_error* err) {
         grok1_convert_report other = GROK1_INIT(grok1_convert_report);
         other.head.type = GROK1_TYPE_PLAN;
         return grok1_model_convert(h_.model.get(), target.c_str(), SIZE_MAX, nullptr, &other, err);
       }},
      {"model_convert: options of another type", GROK1_E_INVALID_ARGUMENT,
       bad_convert([](auto& o) { o.head.type = GROK1_TYPE_PLAN; })},
      {"model_convert: chained struct", GROK1_E_UNKNOWN_FIELD, bad_convert([&](auto& o) { o.head.next = &chained; })},
      {"model_convert: type", GROK1_E_INVALID_ARGUMENT, bad_convert([](auto& o) { o.type = "q9"; })},
      {"model_convert: type empty", GROK1_E_INVALID_ARGUMENT, bad_convert([](auto& o) { o.type = ""; })},
      {"model_convert: overrides", GROK1_E_INVALID_ARGUMENT, bad_convert([](auto& o) { o.overrides = "blk.*"; })},
      {"model_convert: overrides' type", GROK1_E_INVALID_ARGUMENT, bad_convert([](auto& o) { o.overrides = "*=q9"; })},
      {"model_convert: imatrix_path", GROK1_E_NOT_FOUND,
       bad_convert([](auto& o) { o.imatrix_path = "/nonexistent/imatrix.gguf"; })},
      {"model_convert: shard_bytes", GROK1_E_INVALID_ARGUMENT, bad_convert([](auto& o) { o.shard_bytes = 1; })},
      {"model_convert: memory_bytes", GROK1_E_INVALID_ARGUMENT, bad_convert([](auto& o) { o.memory_bytes = 1; })},
      {"model_convert: flags", GROK1_E_INVALID_ARGUMENT, bad_convert([](auto& o) { o.flags = 0x80; })},
      {"model_convert: cancelled before it began", GROK1_E_CANCELLED,
       [&](grok1_error* err) {
         grok1_cancel_request(h_.cancel.get());
         const grok1_status status = bad_convert([&](auto& o) { o.cancel = h_.cancel.get(); })(err);
         grok1_cancel_reset(h_.cancel.get());
         return status;
       }},
  });
  EXPECT_EQ(report.output_bytes, 0u);
  // A cancelled call leaves what it can be gone on with; the same call does, and afterwards nothing but the file is
  // there.
  grok1_error err = GROK1_INIT(grok1_error);
  EXPECT_EQ(grok1_model_convert(h_.model.get(), target.c_str(), SIZE_MAX, nullptr, &report, &err), GROK1_OK)
      << err.message;
  EXPECT_GT(report.output_bytes, 0u);
  EXPECT_EQ(grok1_model_convert(h_.model.get(), target.c_str(), SIZE_MAX, nullptr, nullptr, &err), GROK1_E_EXISTS);
  EXPECT_EQ(std::remove(target.c_str()), 0);
  EXPECT_NE(std::remove((target + ".part").c_str()), 0);
  EXPECT_NE(std::remove((target + ".part.journal").c_str()), 0);
  expect_unharmed(before);
}

TEST_P(MisuseTest, Tokenizer) {
  const grok1_tokenizer* t = h_.tokenizer.get();
  int32_t token = 5;
  char byte = 0;
  size_t n = 77;
  const char* text = "mark";
  const int32_t bad_ids[] = {-1}, big_ids[] = {1 << 20};
  expect_all_refused({
      {"tokenizer_load: path NULL", GROK1_E_INVALID_ARGUMENT,
       [](grok1_error* err) { return grok1_tokenizer_load(nullptr, SIZE_MAX, Untouched<grok1_tokenizer>(), err); }},
      {"tokenizer_load: tokenizer NULL", GROK1_E_INVALID_ARGUMENT,
       [](grok1_error* err) { return grok1_tokenizer_load(api_test::kTokenizer.c_str(), SIZE_MAX, nullptr, err); }},
      {"tokenizer_load: no such file", GROK1_E_NOT_FOUND,
       [](grok1_error* err) {
         return grok1_tokenizer_load("/nonexistent/tokenizer.model", SIZE_MAX, Untouched<grok1_tokenizer>(), err);
       }},
      {"encode: tokenizer NULL", GROK1_E_INVALID_ARGUMENT,
       [&](grok1_error* err) { return grok1_tokenizer_encode(nullptr, "a", 1, &token, 1, &n, err); }},
      {"encode: text NULL", GROK1_E_INVALID_ARGUMENT,
       [&](grok1_error* err) { return grok1_tokenizer_encode(t, nullptr, 1, &token, 1, &n, err); }},
      {"encode: count NULL", GROK1_E_INVALID_ARGUMENT,
       [&](grok1_error* err) { return grok1_tokenizer_encode(t, "a", 1, &token, 1, nullptr, err); }},
      {"decode: tokenizer NULL", GROK1_E_INVALID_ARGUMENT,
       [&](grok1_error* err) { return grok1_tokenizer_decode(nullptr, &token, 1, &byte, 1, &n, err); }},
      {"decode: tokens NULL", GROK1_E_INVALID_ARGUMENT,
       [&](grok1_error* err) { return grok1_tokenizer_decode(t, nullptr, 1, &byte, 1, &n, err); }},
      {"decode: size NULL", GROK1_E_INVALID_ARGUMENT,
       [&](grok1_error* err) { return grok1_tokenizer_decode(t, &token, 1, &byte, 1, nullptr, err); }},
      {"decode: id -1", GROK1_E_OUT_OF_RANGE,
       [&](grok1_error* err) { return grok1_tokenizer_decode(t, bad_ids, 1, &byte, 1, &n, err); }},
      {"decode: id too large", GROK1_E_OUT_OF_RANGE,
       [&](grok1_error* err) { return grok1_tokenizer_decode(t, big_ids, 1, &byte, 1, &n, err); }},
      {"detokenizer_create: tokenizer NULL", GROK1_E_INVALID_ARGUMENT,
       [](grok1_error* err) { return grok1_detokenizer_create(nullptr, -1, Untouched<grok1_detokenizer>(), err); }},
      {"detokenizer_create: detokenizer NULL", GROK1_E_INVALID_ARGUMENT,
       [&](grok1_error* err) { return grok1_detokenizer_create(t, -1, nullptr, err); }},
      {"push: detokenizer NULL", GROK1_E_INVALID_ARGUMENT,
       [&](grok1_error* err) { return grok1_detokenizer_push(nullptr, 5, &text, &n, err); }},
      {"push: text NULL", GROK1_E_INVALID_ARGUMENT,
       [&](grok1_error* err) { return grok1_detokenizer_push(h_.detokenizer.get(), 5, nullptr, &n, err); }},
      {"push: size NULL", GROK1_E_INVALID_ARGUMENT,
       [&](grok1_error* err) { return grok1_detokenizer_push(h_.detokenizer.get(), 5, &text, nullptr, err); }},
      {"push: id -1", GROK1_E_OUT_OF_RANGE,
       [&](grok1_error* err) { return grok1_detokenizer_push(h_.detokenizer.get(), -1, &text, &n, err); }},
      {"push: id too large", GROK1_E_OUT_OF_RANGE,
       [&](grok1_error* err) { return grok1_detokenizer_push(h_.detokenizer.get(), 1 << 20, &text, &n, err); }},
      {"finish: detokenizer NULL", GROK1_E_INVALID_ARGUMENT,
       [&](grok1_error* err) { return grok1_detokenizer_finish(nullptr, &text, &n, err); }},
      {"finish: text NULL", GROK1_E_INVALID_ARGUMENT,
       [&](grok1_error* err) { return grok1_detokenizer_finish(h_.detokenizer.get(), nullptr, &n, err); }},
      {"finish: size NULL", GROK1_E_INVALID_ARGUMENT,
       [&](grok1_error* err) { return grok1_detokenizer_finish(h_.detokenizer.get(), &text, nullptr, err); }},
  });
  EXPECT_EQ(n, 77u);
  EXPECT_STREQ(text, "mark");
  EXPECT_EQ(token, 5);
  expect_all_refused({
      {"encode: tokens NULL with a capacity", GROK1_E_INVALID_ARGUMENT,
       [&](grok1_error* err) { return grok1_tokenizer_encode(t, "a", 1, nullptr, 1, &n, err); }},
      {"decode: text NULL with a capacity", GROK1_E_INVALID_ARGUMENT,
       [&](grok1_error* err) { return grok1_tokenizer_decode(t, &token, 1, nullptr, 1, &n, err); }},
      {"encode: no room", GROK1_E_BUFFER_TOO_SMALL,
       [&](grok1_error* err) { return grok1_tokenizer_encode(t, "a word or two", SIZE_MAX, &token, 1, &n, err); }},
  });
  EXPECT_GT(n, 1u) << "the size that is needed";
  EXPECT_EQ(token, 5) << "written though there was no room";

  grok1_tokenizer_info info = GROK1_INIT(grok1_tokenizer_info);
  grok1_piece_info piece = GROK1_INIT(grok1_piece_info);
  EXPECT_EQ(grok1_tokenizer_get_info(nullptr, &info), GROK1_E_INVALID_ARGUMENT);
  EXPECT_EQ(grok1_tokenizer_get_info(t, nullptr), GROK1_E_INVALID_ARGUMENT);
  EXPECT_EQ(grok1_tokenizer_piece(nullptr, 0, &piece), GROK1_E_INVALID_ARGUMENT);
  EXPECT_EQ(grok1_tokenizer_piece(t, 0, nullptr), GROK1_E_INVALID_ARGUMENT);
  EXPECT_EQ(grok1_tokenizer_piece(t, -1, &piece), GROK1_E_OUT_OF_RANGE);
  EXPECT_EQ(grok1_tokenizer_piece(t, INT32_MAX, &piece), GROK1_E_OUT_OF_RANGE);
}

TEST_P(MisuseTest, SessionAndSequence) {
  const std::vector<float> before = logits();
  const auto bad_session = [this](auto&& change) {
    return [this, change](grok1_error* err) {
      grok1_session_options options = GROK1_INIT(grok1_session_options);
      change(options);
      return grok1_session_create(h_.model.get(), &options, Untouched<grok1_session>(), err);
    };
  };
  size_t count = 77;
  int32_t id = 5;
  float number = 5;
  std::vector<float> row(256);
  const grok1_sequence* sequence = h_.sequence.get();
  expect_all_refused({
      {"session_create: model NULL", GROK1_E_INVALID_ARGUMENT,
       [](grok1_error* err) { return grok1_session_create(nullptr, nullptr, Untouched<grok1_session>(), err); }},
      {"session_create: session NULL", GROK1_E_INVALID_ARGUMENT,
       [this](grok1_error* err) { return grok1_session_create(h_.model.get(), nullptr, nullptr, err); }},
      {"session_create: a probed model", GROK1_E_NO_WEIGHTS,
       [this](grok1_error* err) {
         return grok1_session_create(h_.probed.get(), nullptr, Untouched<grok1_session>(), err);
       }},
      {"session_create: cache_type", GROK1_E_INVALID_ARGUMENT, bad_session([](auto& o) { o.cache_type = 5; })},
      {"session_create: page_tokens", GROK1_E_INVALID_ARGUMENT, bad_session([](auto& o) { o.page_tokens = 33; })},
      {"session_create: context_tokens", GROK1_E_INVALID_ARGUMENT,
       bad_session([](auto& o) { o.context_tokens = 257; })},  // the case's context is 256
      {"session_create: max_sequences", GROK1_E_INVALID_ARGUMENT,
       bad_session([](auto& o) { o.max_sequences = UINT32_MAX; })},
      {"sequence_create: session NULL", GROK1_E_INVALID_ARGUMENT,
       [](grok1_error* err) { return grok1_sequence_create(nullptr, Untouched<grok1_sequence>(), err); }},
      {"sequence_create: sequence NULL", GROK1_E_INVALID_ARGUMENT,
       [this](grok1_error* err) { return grok1_sequence_create(h_.session.get(), nullptr, err); }},
      {"fork: sequence NULL", GROK1_E_INVALID_ARGUMENT,
       [](grok1_error* err) { return grok1_sequence_fork(nullptr, Untouched<grok1_sequence>(), err); }},
      {"fork: fork NULL", GROK1_E_INVALID_ARGUMENT,
       [this](grok1_error* err) { return grok1_sequence_fork(h_.sequence.get(), nullptr, err); }},
      {"truncate: sequence NULL", GROK1_E_INVALID_ARGUMENT,
       [](grok1_error* err) { return grok1_sequence_truncate(nullptr, 0, err); }},
      {"truncate: longer than it is", GROK1_E_OUT_OF_RANGE,
       [this](grok1_error* err) { return grok1_sequence_truncate(h_.sequence.get(), 4, err); }},
      {"tokens: sequence NULL", GROK1_E_INVALID_ARGUMENT,
       [&](grok1_error* err) { return grok1_sequence_tokens(nullptr, &id, 1, &count, err); }},
      {"tokens: count NULL", GROK1_E_INVALID_ARGUMENT,
       [&](grok1_error* err) { return grok1_sequence_tokens(sequence, &id, 1, nullptr, err); }},
      {"logits: sequence NULL", GROK1_E_INVALID_ARGUMENT,
       [&](grok1_error* err) { return grok1_sequence_logits(nullptr, 0, row.data(), row.size(), err); }},
      {"logits: logits NULL", GROK1_E_INVALID_ARGUMENT,
       [&](grok1_error* err) { return grok1_sequence_logits(sequence, 0, nullptr, row.size(), err); }},
      {"logits: row", GROK1_E_OUT_OF_RANGE,
       [&](grok1_error* err) { return grok1_sequence_logits(sequence, 1, row.data(), row.size(), err); }},
      {"logits: row of an empty sequence", GROK1_E_OUT_OF_RANGE,
       [&](grok1_error* err) {
         return grok1_sequence_logits(h_.empty_sequence.get(), 0, row.data(), row.size(), err);
       }},
      {"logits: capacity", GROK1_E_BUFFER_TOO_SMALL,
       [&](grok1_error* err) { return grok1_sequence_logits(sequence, 0, &number, 1, err); }},
      {"log_probabilities: sequence NULL", GROK1_E_INVALID_ARGUMENT,
       [&](grok1_error* err) { return grok1_sequence_log_probabilities(nullptr, 0, row.data(), row.size(), err); }},
      {"log_probabilities: log_probabilities NULL", GROK1_E_INVALID_ARGUMENT,
       [&](grok1_error* err) { return grok1_sequence_log_probabilities(sequence, 0, nullptr, row.size(), err); }},
      {"log_probabilities: row", GROK1_E_OUT_OF_RANGE,
       [&](grok1_error* err) {
         return grok1_sequence_log_probabilities(sequence, SIZE_MAX, row.data(), row.size(), err);
       }},
      {"log_probabilities: capacity", GROK1_E_BUFFER_TOO_SMALL,
       [&](grok1_error* err) { return grok1_sequence_log_probabilities(sequence, 0, &number, 1, err); }},
      {"stats: session NULL", GROK1_E_INVALID_ARGUMENT,
       [](grok1_error* err) {
         grok1_stats stats = GROK1_INIT(grok1_stats);
         return grok1_session_stats(nullptr, &stats, err);
       }},
      {"stats: stats NULL", GROK1_E_INVALID_ARGUMENT,
       [this](grok1_error* err) { return grok1_session_stats(h_.session.get(), nullptr, err); }},
      {"trace_x1: session NULL", GROK1_E_INVALID_ARGUMENT,
       [](grok1_error* err) {
         return reinterpret_cast<grok1_trace_x1>(grok1_get_proc("trace_x1"))(nullptr, nullptr, nullptr, err);
       }},
      {"profile_x1: session NULL", GROK1_E_INVALID_ARGUMENT,
       [](grok1_error* err) {
         return reinterpret_cast<grok1_profile_x1>(grok1_get_proc("profile_x1"))(nullptr, nullptr, err);
       }},
  });
  EXPECT_EQ(count, 77u);
  EXPECT_EQ(id, 5);
  EXPECT_EQ(number, 5);
  expect_all_refused({
      {"tokens: no room", GROK1_E_BUFFER_TOO_SMALL,
       [&](grok1_error* err) { return grok1_sequence_tokens(sequence, &id, 1, &count, err); }},
      {"tokens: NULL with a capacity", GROK1_E_INVALID_ARGUMENT,
       [&](grok1_error* err) { return grok1_sequence_tokens(sequence, nullptr, 3, &count, err); }},
  });
  EXPECT_EQ(count, 3u);
  EXPECT_EQ(id, 5);
  EXPECT_EQ(logits(), before) << "refused calls keep the logits";
  expect_unharmed(before);
}

TEST_P(MisuseTest, Decode) {
  const std::vector<float> before = logits();
  struct Arrays {
    grok1_sequence* sequences[3];
    uint32_t counts[3] = {1, 1, 1};
    int32_t tokens[3] = {4, 5, 6};
    uint8_t want[3] = {GROK1_LOGITS_LAST, GROK1_LOGITS_LAST, GROK1_LOGITS_LAST};
    uint32_t done[3] = {77, 77, 77};
  };
  const auto bad_batch = [this](auto&& change) {
    return [this, change](grok1_error* err) {
      Arrays a;
      a.sequences[0] = h_.sequence.get();
      a.sequences[1] = a.sequences[2] = h_.empty_sequence.get();
      grok1_batch batch = GROK1_INIT(grok1_batch);
      batch.sequences = a.sequences;
      batch.n_tokens = a.counts;
      batch.tokens = a.tokens;
      batch.want_logits = a.want;
      batch.n_done = a.done;
      batch.count = 2;
      change(batch, a);
      const grok1_status status = grok1_decode(h_.session.get(), &batch, err);
      for (const uint32_t done : a.done) EXPECT_EQ(done, 77u) << "n_done was written by a failing decode";
      return status;
    };
  };
  expect_all_refused({
      {"session NULL", GROK1_E_INVALID_ARGUMENT,
       [](grok1_error* err) {
         const grok1_batch batch = GROK1_INIT(grok1_batch);
         return grok1_decode(nullptr, &batch, err);
       }},
      {"batch NULL", GROK1_E_INVALID_ARGUMENT,
       [this](grok1_error* err) { return grok1_decode(h_.session.get(), nullptr, err); }},
      {"sequences NULL", GROK1_E_INVALID_ARGUMENT, bad_batch([](auto& b, auto&) { b.sequences = nullptr; })},
      {"n_tokens NULL", GROK1_E_INVALID_ARGUMENT, bad_batch([](auto& b, auto&) { b.n_tokens = nullptr; })},
      {"tokens NULL", GROK1_E_INVALID_ARGUMENT, bad_batch([](auto& b, auto&) { b.tokens = nullptr; })},
      {"count 0", GROK1_E_INVALID_ARGUMENT, bad_batch([](auto& b, auto&) { b.count = 0; })},
      {"count above max_sequences", GROK1_E_INVALID_ARGUMENT, bad_batch([](auto& b, auto&) { b.count = 3; })},
      {"count SIZE_MAX", GROK1_E_INVALID_ARGUMENT, bad_batch([](auto& b, auto&) { b.count = SIZE_MAX; })},
      {"a sequence NULL", GROK1_E_INVALID_ARGUMENT, bad_batch([](auto&, auto& a) { a.sequences[1] = nullptr; })},
      {"a sequence twice", GROK1_E_INVALID_ARGUMENT,
       bad_batch([](auto&, auto& a) { a.sequences[1] = a.sequences[0]; })},
      {"a sequence of another session", GROK1_E_INVALID_ARGUMENT,
       bad_batch([this](auto&, auto& a) { a.sequences[1] = h_.other_sequence.get(); })},
      {"a chunk of no tokens", GROK1_E_INVALID_ARGUMENT, bad_batch([](auto&, auto& a) { a.counts[1] = 0; })},
      {"want_logits 3", GROK1_E_INVALID_ARGUMENT, bad_batch([](auto&, auto& a) { a.want[0] = 3; })},
      {"token -1", GROK1_E_OUT_OF_RANGE, bad_batch([](auto&, auto& a) { a.tokens[1] = -1; })},
      {"token 256 of 256", GROK1_E_OUT_OF_RANGE, bad_batch([](auto&, auto& a) { a.tokens[1] = 256; })},
      {"token INT32_MAX", GROK1_E_OUT_OF_RANGE, bad_batch([](auto&, auto& a) { a.tokens[0] = INT32_MAX; })},
  });
  EXPECT_EQ(logits(), before) << "refused batches keep the logits";

  // More tokens than the context of 64 holds: nothing is appended.
  grok1_error err = GROK1_INIT(grok1_error);
  EXPECT_EQ(h_.decode(std::vector<int32_t>(62, 1), &err), GROK1_E_CONTEXT_FULL);
  size_t length = 0;
  ASSERT_EQ(grok1_sequence_tokens(h_.sequence.get(), nullptr, 0, &length, &err), GROK1_OK) << err.message;
  EXPECT_EQ(length, 3u);
  expect_unharmed(before);
}

TEST_P(MisuseTest, SamplerAndGenerate) {
  const std::vector<float> before = logits();
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN(), kInfinity = std::numeric_limits<float>::infinity();
  const auto bad_sampler = [](auto&& change) {
    return [change](grok1_error* err) {
      grok1_sampler_options options = GROK1_INIT(grok1_sampler_options);
      change(options);
      return grok1_sampler_create(&options, Untouched<grok1_sampler>(), err);
    };
  };
  const auto bad_generate = [this](auto&& change) {
    return [this, change](grok1_error* err) {
      grok1_generate_options options = GROK1_INIT(grok1_generate_options);
      change(options);
      return grok1_generate(h_.session.get(), "a", 1, &options, nullptr, nullptr, err);
    };
  };
  std::vector<Misuse> cases;
  using Field = float grok1_sampler_options::*;
  struct Named {
    const char* name;
    Field field;
  };
  for (const Named& named :
       {Named{"temperature", &grok1_sampler_options::temperature}, Named{"top_p", &grok1_sampler_options::top_p},
        Named{"min_p", &grok1_sampler_options::min_p},
        Named{"repetition_penalty", &grok1_sampler_options::repetition_penalty}}) {
    for (const float value : {kNan, kInfinity, -kInfinity, -1.0f}) {
      cases.push_back({named.name, GROK1_E_INVALID_ARGUMENT,
                       bad_sampler([field = named.field, value](auto& o) { o.*field = value; })});
    }
  }
  expect_all_refused(cases);

  int32_t token = 77;
  const float logits_2[] = {1, 2}, nan_2[] = {kNan, kNan};
  const int32_t recent[] = {0};
  grok1_sampler* sampler = h_.sampler.get();
  expect_all_refused({
      {"sampler_create: sampler NULL", GROK1_E_INVALID_ARGUMENT,
       [](grok1_error* err) { return grok1_sampler_create(nullptr, nullptr, err); }},
      {"sample: sampler NULL", GROK1_E_INVALID_ARGUMENT,
       [&](grok1_error* err) { return grok1_sample(nullptr, h_.sequence.get(), &token, err); }},
      {"sample: sequence NULL", GROK1_E_INVALID_ARGUMENT,
       [&](grok1_error* err) { return grok1_sample(sampler, nullptr, &token, err); }},
      {"sample: token NULL", GROK1_E_INVALID_ARGUMENT,
       [&](grok1_error* err) { return grok1_sample(sampler, h_.sequence.get(), nullptr, err); }},
      {"sample: no logits", GROK1_E_OUT_OF_RANGE,
       [&](grok1_error* err) { return grok1_sample(sampler, h_.empty_sequence.get(), &token, err); }},
      {"sample_logits: sampler NULL", GROK1_E_INVALID_ARGUMENT,
       [&](grok1_error* err) { return grok1_sample_logits(nullptr, logits_2, 2, nullptr, 0, &token, err); }},
      {"sample_logits: logits NULL", GROK1_E_INVALID_ARGUMENT,
       [&](grok1_error* err) { return grok1_sample_logits(sampler, nullptr, 2, nullptr, 0, &token, err); }},
      {"sample_logits: no logits", GROK1_E_INVALID_ARGUMENT,
       [&](grok1_error* err) { return grok1_sample_logits(sampler, logits_2, 0, nullptr, 0, &token, err); }},
      {"sample_logits: all NaN", GROK1_E_INVALID_ARGUMENT,
       [&](grok1_error* err) { return grok1_sample_logits(sampler, nan_2, 2, nullptr, 0, &token, err); }},
      {"sample_logits: recent NULL", GROK1_E_INVALID_ARGUMENT,
       [&](grok1_error* err) { return grok1_sample_logits(sampler, logits_2, 2, nullptr, 1, &token, err); }},
      {"sample_logits: token NULL", GROK1_E_INVALID_ARGUMENT,
       [&](grok1_error* err) { return grok1_sample_logits(sampler, logits_2, 2, recent, 1, nullptr, err); }},
      {"generate: session NULL", GROK1_E_INVALID_ARGUMENT,
       [](grok1_error* err) { return grok1_generate(nullptr, "a", 1, nullptr, nullptr, nullptr, err); }},
      {"generate: prompt NULL", GROK1_E_INVALID_ARGUMENT,
       [this](grok1_error* err) {
         return grok1_generate(h_.session.get(), nullptr, 1, nullptr, nullptr, nullptr, err);
       }},
      {"generate: a model without a tokenizer", GROK1_E_NO_TOKENIZER, bad_generate([](auto&) {})},
      {"generate: flags", GROK1_E_INVALID_ARGUMENT, bad_generate([](auto& o) { o.flags = 4; })},
      {"generate: a sequence of another session", GROK1_E_INVALID_ARGUMENT,
       bad_generate([this](auto& o) { o.sequence = h_.other_sequence.get(); })},
  });
  EXPECT_EQ(token, 77);
  expect_unharmed(before);
}

TEST_P(MisuseTest, Imatrix) {
  const std::vector<float> before = logits();
  const std::string file = api_test::new_file("misuse.gguf"), folder = file + ".d";
  std::filesystem::create_directory(folder);
  const auto bad_write = [&](auto&& change) {
    return [this, change, &file](grok1_error* err) {
      grok1_imatrix_options options = GROK1_INIT(grok1_imatrix_options);
      change(options);
      return grok1_imatrix_write(h_.imatrix.get(), file.c_str(), SIZE_MAX, &options, err);
    };
  };
  const auto write_to = [this](const char* path, size_t size) {
    return [this, path, size](grok1_error* err) {
      return grok1_imatrix_write(h_.imatrix.get(), path, size, nullptr, err);
    };
  };
  const golden::Imatrix empty = golden::make<golden::Imatrix>(
      [this](auto** out, auto* err) { return grok1_imatrix_create(h_.other_session.get(), out, err); });
  expect_all_refused({
      {"imatrix_create: session NULL", GROK1_E_INVALID_ARGUMENT,
       [](grok1_error* err) { return grok1_imatrix_create(nullptr, Untouched<grok1_imatrix>(), err); }},
      {"imatrix_create: imatrix NULL", GROK1_E_INVALID_ARGUMENT,
       [this](grok1_error* err) { return grok1_imatrix_create(h_.session.get(), nullptr, err); }},
      {"imatrix_create: a second one", GROK1_E_INVALID_ARGUMENT,
       [this](grok1_error* err) { return grok1_imatrix_create(h_.session.get(), Untouched<grok1_imatrix>(), err); }},
      {"imatrix_write: imatrix NULL", GROK1_E_INVALID_ARGUMENT,
       [&](grok1_error* err) { return grok1_imatrix_write(nullptr, file.c_str(), SIZE_MAX, nullptr, err); }},
      {"imatrix_write: path NULL", GROK1_E_INVALID_ARGUMENT, write_to(nullptr, SIZE_MAX)},
      {"imatrix_write: path empty", GROK1_E_INVALID_ARGUMENT, write_to("", 0)},
      {"imatrix_write: NUL in the path", GROK1_E_INVALID_ARGUMENT, write_to("a\0b", 3)},
      {"imatrix_write: no such folder", GROK1_E_NOT_FOUND, write_to("/nonexistent/a.gguf", SIZE_MAX)},
      {"imatrix_write: a folder", GROK1_E_IO, write_to(folder.c_str(), SIZE_MAX)},
      {"imatrix_write: flags", GROK1_E_INVALID_ARGUMENT, bad_write([](auto& o) { o.flags = 1; })},
      {"imatrix_write: no token", GROK1_E_INVALID_ARGUMENT,
       [&](grok1_error* err) { return grok1_imatrix_write(empty.get(), file.c_str(), SIZE_MAX, nullptr, err); }},
  });
  EXPECT_NE(access(file.c_str(), F_OK), 0) << "a refused call made a file";
  EXPECT_NE(access((file + ".part").c_str(), F_OK), 0) << "a refused call left a part";
  std::filesystem::remove(folder);
  expect_unharmed(before);
}

// Names and numbers that are none.
TEST(MisuseOfValues, StatusNamesAndProcs) {
  EXPECT_STREQ(grok1_status_name(GROK1_E_BAD_FILE), "GROK1_E_BAD_FILE");
  EXPECT_STREQ(grok1_status_name(GROK1_S_CONTEXT_FULL), "GROK1_S_CONTEXT_FULL");
  for (const int32_t none : {-23, 5, INT32_MIN, INT32_MAX}) EXPECT_STREQ(grok1_status_name(none), "unknown status");
  EXPECT_EQ(grok1_get_proc(nullptr), nullptr);
  EXPECT_EQ(grok1_get_proc(""), nullptr);
  EXPECT_EQ(grok1_get_proc("trace_x2"), nullptr);
  EXPECT_NE(grok1_get_proc("trace_x1"), nullptr);
  EXPECT_NE(grok1_get_proc("profile_x1"), nullptr);
}

TEST(MisuseOfValues, ReleasesAndCancelsAcceptNull) {
  grok1_runtime_release(nullptr);
  grok1_cancel_request(nullptr);
  grok1_cancel_reset(nullptr);
  EXPECT_EQ(grok1_cancel_requested(nullptr), 0);
  grok1_cancel_release(nullptr);
  grok1_model_release(nullptr);
  grok1_tokenizer_release(nullptr);
  grok1_detokenizer_release(nullptr);
  grok1_session_release(nullptr);
  grok1_sequence_release(nullptr);
  grok1_sampler_release(nullptr);
  grok1_imatrix_release(nullptr);
}

INSTANTIATE_TEST_SUITE_P(Devices, MisuseTest, testing::Values("reference", "cpu"),
                         [](const auto& test) { return test.param; });

}  // namespace
