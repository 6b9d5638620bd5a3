// Callers that are older or newer than the library: every public struct with sizes below and above this version's, in
// memory that ends exactly where the caller's struct does. The rules are those of GROK1_INIT in grok1.h.
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdio>
#include <cstring>
#include <functional>

#include "tests/abi/fixture.h"

namespace {

using api_test::Handles;

// `size` bytes whose end is the end of readable memory: a byte read or written behind them is a crash.
class GuardedStruct {
 public:
  explicit GuardedStruct(size_t size) : size_(size), page_(static_cast<size_t>(sysconf(_SC_PAGESIZE))) {
    bytes_ = (size + page_ - 1) / page_ * page_;
    base_ =
        static_cast<char*>(mmap(nullptr, bytes_ + page_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    if (base_ == MAP_FAILED || mprotect(base_ + bytes_, page_, PROT_NONE) != 0) throw std::bad_alloc();
  }
  ~GuardedStruct() { munmap(base_, bytes_ + page_); }
  GuardedStruct(const GuardedStruct&) = delete;
  GuardedStruct& operator=(const GuardedStruct&) = delete;

  char* data() const { return base_ + bytes_ - size_; }
  grok1_head* head() const { return reinterpret_cast<grok1_head*>(data()); }
  // The first bytes of a struct of this version, then `fill`; struct_size says the whole size.
  void set(const std::string& value, char fill) const {
    std::memset(data(), fill, size_);
    std::memcpy(data(), value.data(), std::min(size_, value.size()));
    head()->struct_size = static_cast<uint32_t>(size_);
  }

 private:
  size_t size_, page_, bytes_ = 0;
  char* base_ = nullptr;
};

template <class T>
std::string bytes_of(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof(T)};
}

struct Input {
  const char* name;
  std::string value;  // a good struct of this version
  size_t smallest;    // caller's size from which the call succeeds; below, GROK1_E_INVALID_ARGUMENT
  std::function<grok1_status(const void*)> call;
};

struct Output {
  const char* name;
  std::string value;                    // as GROK1_INIT makes it
  size_t changing_begin, changing_end;  // bytes that may differ from call to call
  std::function<grok1_status(void*)> call;
};

class Skew : public testing::TestWithParam<const char*> {
 protected:
  Handles h_ = Handles::open(GetParam());
  grok1_sequence* const sequences_[1] = {h_.sequence.get()};
  const uint32_t counts_[1] = {1};
  const int32_t tokens_[1] = {7};

  grok1_model_options model_options() const {
    grok1_model_options options = GROK1_INIT(grok1_model_options);
    options.devices = GetParam();
    return options;
  }

  grok1_batch batch() const {
    grok1_batch batch = GROK1_INIT(grok1_batch);
    batch.sequences = sequences_;
    batch.n_tokens = counts_;
    batch.tokens = tokens_;
    batch.count = 1;
    return batch;
  }

  std::vector<Input> inputs() const {
    const grok1_runtime_options runtime = GROK1_INIT(grok1_runtime_options);
    const grok1_session_options session = GROK1_INIT(grok1_session_options);
    const grok1_sampler_options sampler = GROK1_INIT(grok1_sampler_options);
    grok1_generate_options generate = GROK1_INIT(grok1_generate_options);
    generate.max_tokens = 1;
    grok1_convert_options convert = GROK1_INIT(grok1_convert_options);
    convert.flags = GROK1_CONVERT_DRY_RUN;
    const grok1_verify_options verify = GROK1_INIT(grok1_verify_options);
    const grok1_plan plan = GROK1_INIT(grok1_plan);
    const grok1_imatrix_options imatrix = GROK1_INIT(grok1_imatrix_options);
    const size_t head = sizeof(grok1_head);
    const auto release_after = [](grok1_status status, auto* handle, auto release) {
      if (status == GROK1_OK) release(handle);
      return status;
    };
    return {
        {"grok1_runtime_options", bytes_of(runtime), head,
         [=](const void* p) {
           grok1_runtime* made = nullptr;
           const auto status = grok1_runtime_create(static_cast<const grok1_runtime_options*>(p), &made, nullptr);
           return release_after(status, made, grok1_runtime_release);
         }},
        {"grok1_model_options (probe)", bytes_of(model_options()), head,
         [=](const void* p) {
           grok1_model* made = nullptr;
           const auto status = grok1_model_probe(api_test::kTinyModel.c_str(), SIZE_MAX,
                                                 static_cast<const grok1_model_options*>(p), &made, nullptr);
           return release_after(status, made, grok1_model_release);
         }},
        {"grok1_model_options (load)", bytes_of(model_options()), head,
         [=, this](const void* p) {
           grok1_model* made = nullptr;
           const auto status = grok1_model_load(h_.runtime.get(), api_test::kTinyModel.c_str(), SIZE_MAX,
                                                static_cast<const grok1_model_options*>(p), &made, nullptr);
           return release_after(status, made, grok1_model_release);
         }},
        {"grok1_model_options (plan)", bytes_of(model_options()), head,
         [this](const void* p) {
           grok1_plan made = GROK1_INIT(grok1_plan);
           return grok1_model_plan(h_.runtime.get(), api_test::kTinyModel.c_str(), SIZE_MAX,
                                   static_cast<const grok1_model_options*>(p), &made, nullptr);
         }},
        {"grok1_session_options", bytes_of(session), head,
         [=, this](const void* p) {
           grok1_session* made = nullptr;
           const auto status =
               grok1_session_create(h_.model.get(), static_cast<const grok1_session_options*>(p), &made, nullptr);
           return release_after(status, made, grok1_session_release);
         }},
        {"grok1_batch", bytes_of(batch()), sizeof(grok1_batch),
         [this](const void* p) {
           const auto status = grok1_decode(h_.session.get(), static_cast<const grok1_batch*>(p), nullptr);
           if (status == GROK1_OK) grok1_sequence_truncate(h_.sequence.get(), 3, nullptr);
           return status;
         }},
        {"grok1_sampler_options", bytes_of(sampler), head,
         [=](const void* p) {
           grok1_sampler* made = nullptr;
           const auto status = grok1_sampler_create(static_cast<const grok1_sampler_options*>(p), &made, nullptr);
           return release_after(status, made, grok1_sampler_release);
         }},
        {"grok1_generate_options", bytes_of(generate), head,
         [this](const void* p) {
           const auto status = grok1_generate(generate_session_.get(), "a", 1,
                                              static_cast<const grok1_generate_options*>(p), stop, nullptr, nullptr);
           return status > 0 ? GROK1_OK : status;
         }},
        // Of a caller whose struct ends before the flags, it writes.
        {"grok1_convert_options", bytes_of(convert), head,
         [this](const void* p) {
           const std::string target = testing::TempDir() + "grok1_skew_" + GetParam() + ".gguf";
           const auto status = grok1_model_convert(h_.model.get(), target.c_str(), SIZE_MAX,
                                                   static_cast<const grok1_convert_options*>(p), nullptr, nullptr);
           std::remove(target.c_str());
           return status;
         }},
        {"grok1_verify_options", bytes_of(verify), head,
         [](const void* p) {
           grok1_verify_report report = GROK1_INIT(grok1_verify_report);
           return grok1_model_verify(api_test::kTinyModel.c_str(), SIZE_MAX,
                                     static_cast<const grok1_verify_options*>(p), nullptr, nullptr, &report, nullptr);
         }},
        {"grok1_plan (fit)", bytes_of(plan), head,
         [this](const void* p) {
           grok1_encoding_fit fit = GROK1_INIT(grok1_encoding_fit);
           return grok1_model_fit_encoding(h_.model.get(), static_cast<const grok1_plan*>(p), 0, &fit);
         }},
        {"grok1_imatrix_options", bytes_of(imatrix), head,
         [this](const void* p) {
           const std::string file = api_test::new_file("skew.gguf");
           const auto status = grok1_imatrix_write(h_.imatrix.get(), file.c_str(), SIZE_MAX,
                                                   static_cast<const grok1_imatrix_options*>(p), nullptr);
           unlink(file.c_str());
           return status;
         }},
    };
  }

  std::vector<Output> outputs() const {
    const grok1_load_entry entry = GROK1_INIT(grok1_load_entry);
    const grok1_device_info device = GROK1_INIT(grok1_device_info);
    const grok1_plan plan = GROK1_INIT(grok1_plan);
    const grok1_model_info model = GROK1_INIT(grok1_model_info);
    const grok1_tensor_info tensor = GROK1_INIT(grok1_tensor_info);
    const grok1_tokenizer_info tokenizer = GROK1_INIT(grok1_tokenizer_info);
    const grok1_piece_info piece = GROK1_INIT(grok1_piece_info);
    const grok1_stats stats = GROK1_INIT(grok1_stats);
    const grok1_convert_report report = GROK1_INIT(grok1_convert_report);
    const size_t memory_free = offsetof(grok1_device_info, memory_free);
    const size_t available = offsetof(grok1_plan, available);
    const grok1_encoding_fit fit = GROK1_INIT(grok1_encoding_fit);
    const grok1_verify_report verified = GROK1_INIT(grok1_verify_report);
    const size_t read_ns = offsetof(grok1_verify_report, read_ns);
    return {
        {"grok1_load_entry", bytes_of(entry), 0, 0,
         [this](void* p) { return grok1_runtime_load_report(h_.runtime.get(), 0, static_cast<grok1_load_entry*>(p)); }},
        // The description's text is made anew by each call; its address is no part of the promise.
        {"grok1_device_info", bytes_of(device), offsetof(grok1_device_info, description), memory_free + 8,
         [this](void* p) { return grok1_runtime_device(h_.runtime.get(), 0, static_cast<grok1_device_info*>(p)); }},
        {"grok1_plan", bytes_of(plan), available, available + 8,
         [this](void* p) {
           const grok1_model_options options = model_options();
           return grok1_model_plan(h_.runtime.get(), api_test::kTinyModel.c_str(), SIZE_MAX, &options,
                                   static_cast<grok1_plan*>(p), nullptr);
         }},
        {"grok1_model_info", bytes_of(model), 0, 0,
         [this](void* p) { return grok1_model_get_info(h_.model.get(), static_cast<grok1_model_info*>(p)); }},
        {"grok1_tensor_info", bytes_of(tensor), 0, 0,
         [this](void* p) { return grok1_model_tensor(h_.model.get(), 2, static_cast<grok1_tensor_info*>(p)); }},
        {"grok1_tensor_info (part)", bytes_of(tensor), 0, 0,
         [this](void* p) { return grok1_model_tensor_part(h_.model.get(), 2, 0, static_cast<grok1_tensor_info*>(p)); }},
        {"grok1_encoding_fit", bytes_of(fit), 0, 0,
         [this](void* p) {
           const grok1_plan none = GROK1_INIT(grok1_plan);
           return grok1_model_fit_encoding(h_.model.get(), &none, 0, static_cast<grok1_encoding_fit*>(p));
         }},
        {"grok1_verify_report", bytes_of(verified), read_ns, read_ns + 8,
         [](void* p) {
           return grok1_model_verify(api_test::kTinyModel.c_str(), SIZE_MAX, nullptr, nullptr, nullptr,
                                     static_cast<grok1_verify_report*>(p), nullptr);
         }},
        {"grok1_tokenizer_info", bytes_of(tokenizer), 0, 0,
         [this](void* p) {
           return grok1_tokenizer_get_info(h_.tokenizer.get(), static_cast<grok1_tokenizer_info*>(p));
         }},
        {"grok1_piece_info", bytes_of(piece), 0, 0,
         [this](void* p) { return grok1_tokenizer_piece(h_.tokenizer.get(), 400, static_cast<grok1_piece_info*>(p)); }},
        {"grok1_stats", bytes_of(stats), 0, 0,
         [this](void* p) { return grok1_session_stats(h_.session.get(), static_cast<grok1_stats*>(p), nullptr); }},
        {"grok1_convert_report", bytes_of(report), 0, 0,
         [this](void* p) {
           grok1_convert_options options = GROK1_INIT(grok1_convert_options);
           options.flags = GROK1_CONVERT_DRY_RUN;
           return grok1_model_convert(h_.model.get(), "unwritten.gguf", SIZE_MAX, &options,
                                      static_cast<grok1_convert_report*>(p), nullptr);
         }},
    };
  }

  // Generation has a model of its own: text needs ids and a tokenizer that fit together.
  const golden::Engine generate_model_{std::string(GROK1_TEST_DATA) + "/demo-model", {.device = GetParam()}};
  const golden::Session generate_session_ = golden::make<golden::Session>(
      [&](auto** out, auto* err) { return grok1_session_create(generate_model_.model(), nullptr, out, err); });
  static int32_t stop(void*, const char*, size_t) { return 1; }
};

TEST_P(Skew, OlderCallersInput) {
  for (const Input& input : inputs()) {
    for (size_t size = sizeof(grok1_head); size <= input.value.size(); size += 8) {
      const GuardedStruct guarded(size);
      guarded.set(input.value, 0);
      EXPECT_EQ(input.call(guarded.data()), size >= input.smallest ? GROK1_OK : GROK1_E_INVALID_ARGUMENT)
          << input.name << " of " << size << " bytes";
    }
  }
}

TEST_P(Skew, NewerCallersInput) {
  for (const Input& input : inputs()) {
    for (const size_t more : {8, 64, 5000}) {
      const GuardedStruct guarded(input.value.size() + more);
      guarded.set(input.value, 0);
      EXPECT_EQ(input.call(guarded.data()), GROK1_OK) << input.name << " with " << more << " zero bytes behind";
      for (const size_t at : {size_t{0}, more / 2, more - 1}) {
        guarded.set(input.value, 0);
        guarded.data()[input.value.size() + at] = 1;
        EXPECT_EQ(input.call(guarded.data()), GROK1_E_UNKNOWN_FIELD) << input.name << " with byte " << at << " set";
      }
    }
  }
}

TEST_P(Skew, OutputOfAnySize) {
  for (const Output& output : outputs()) {
    const GuardedStruct whole(output.value.size());
    whole.set(output.value, 0);
    ASSERT_EQ(output.call(whole.data()), GROK1_OK) << output.name;
    EXPECT_NE(std::memcmp(whole.data(), output.value.data(), output.value.size()), 0)
        << output.name << " is not written";
    for (size_t size = sizeof(grok1_head); size <= output.value.size() + 128; size += 8) {
      const GuardedStruct guarded(size);
      guarded.set(output.value.substr(0, sizeof(grok1_head)), 0x5a);  // what is written shows
      ASSERT_EQ(output.call(guarded.data()), GROK1_OK) << output.name << " of " << size << " bytes";
      EXPECT_EQ(guarded.head()->struct_size, size) << output.name;
      for (size_t i = sizeof(grok1_head); i < size; ++i) {
        if (i >= output.changing_begin && i < output.changing_end) continue;
        const char wanted = i < output.value.size() ? whole.data()[i] : '\0';
        ASSERT_EQ(guarded.data()[i], wanted) << output.name << " of " << size << " bytes, byte " << i;
      }
    }
  }
}

TEST_P(Skew, HeadsThatAreWrong) {
  struct Any {
    const char* name;
    std::string value;
    std::function<grok1_status(void*)> call;
  };
  std::vector<Any> all;
  for (const Input& input : inputs()) all.push_back({input.name, input.value, input.call});
  for (const Output& output : outputs()) all.push_back({output.name, output.value, output.call});
  for (const Any& any : all) {
    const GuardedStruct guarded(any.value.size());
    const auto status_with = [&](auto&& change) {
      guarded.set(any.value, 0);
      change(*guarded.head());
      return any.call(guarded.data());
    };
    for (const uint32_t size : {0u, 4u, 8u, 15u}) {
      EXPECT_EQ(status_with([&](grok1_head& head) { head.struct_size = size; }), GROK1_E_INVALID_ARGUMENT)
          << any.name << " with struct_size " << size;
    }
    for (const uint32_t type : {0u, 99u, 0xffffffffu}) {
      EXPECT_EQ(status_with([&](grok1_head& head) { head.type = type; }), GROK1_E_INVALID_ARGUMENT)
          << any.name << " with type " << type;
    }
    const grok1_head next = {sizeof(grok1_head), 0x7fff, nullptr};
    EXPECT_EQ(status_with([&](grok1_head& head) { head.next = &next; }), GROK1_E_UNKNOWN_FIELD) << any.name;
    EXPECT_EQ(status_with([](grok1_head&) {}), GROK1_OK) << any.name;
  }
}

// grok1_error has no head and is written by every call.
TEST_P(Skew, Errors) {
  const size_t message = offsetof(grok1_error, message);
  for (const size_t size : {size_t{0}, size_t{4}, size_t{8}, message, message + 1, message + 9, sizeof(grok1_error),
                            sizeof(grok1_error) + 8, sizeof(grok1_error) + 4096}) {
    const size_t bytes = std::max<size_t>(size, sizeof(uint32_t));  // struct_size itself must be there
    const GuardedStruct guarded((bytes + 7) / 8 * 8);
    std::memset(guarded.data(), 0x5a, (bytes + 7) / 8 * 8);
    auto* err = reinterpret_cast<grok1_error*>(guarded.data());
    err->struct_size = static_cast<uint32_t>(size);
    EXPECT_EQ(grok1_cancel_create(nullptr, err), GROK1_E_INVALID_ARGUMENT) << size;
    EXPECT_EQ(err->struct_size, size);
    if (size > message) {
      EXPECT_EQ(err->status, GROK1_E_INVALID_ARGUMENT) << size;
      EXPECT_NE(std::memchr(err->message, '\0', std::min(size, sizeof(grok1_error)) - message), nullptr) << size;
    }
    for (size_t i = sizeof(grok1_error); i < size; ++i) ASSERT_EQ(guarded.data()[i], '\0') << size << ", byte " << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Devices, Skew, testing::Values("reference", "cpu"),
                         [](const auto& test) { return test.param; });

}  // namespace
