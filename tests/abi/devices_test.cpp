// A model on devices that run out of memory or are lost, and what plans say of several. The devices are emulated GPUs:
// the environment tells them how much memory they have and when they fail (tests/gpu_emu/options.h).
#include <gtest/gtest.h>

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>

#include "tests/abi/fixture.h"

namespace {

using golden::make;

// Plugins stay loaded and read the environment once, so each situation is a process of its own.
using Environment = std::map<std::string, std::string>;

void in_child(const Environment& environment, const std::function<void()>& body) {
  std::fflush(nullptr);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    for (const auto& [name, value] : environment) setenv(name.c_str(), value.c_str(), 1);
    try {
      body();
    } catch (const std::exception& error) {
      ADD_FAILURE() << error.what();
    }
    std::fflush(nullptr);
    _exit(testing::Test::HasFailure() ? 1 : 0);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "wait status " << status;
}

// What the tests do with the library.
class Host {
 public:
  static grok1_model_options on(const char* devices) {
    grok1_model_options options = GROK1_INIT(grok1_model_options);
    options.devices = devices;
    options.max_sequences = 2;
    options.context_tokens = 64;
    return options;
  }
  grok1_status try_load(const grok1_model_options& options, golden::Model* model) {
    grok1_model* loaded = nullptr;
    err_ = GROK1_INIT(grok1_error);
    const grok1_status status =
        grok1_model_load(runtime_.get(), api_test::kTinyModel.c_str(), SIZE_MAX, &options, &loaded, &err_);
    model->reset(loaded);
    return status;
  }
  golden::Model load(const grok1_model_options& options) {
    golden::Model model;
    EXPECT_EQ(try_load(options, &model), GROK1_OK) << err_.message;
    return model;
  }
  static golden::Session session(const golden::Model& model) {
    return make<golden::Session>(
        [&](auto** out, auto* err) { return grok1_session_create(model.get(), nullptr, out, err); });
  }
  static golden::Sequence sequence(const golden::Session& session) {
    return make<golden::Sequence>(
        [&](auto** out, auto* err) { return grok1_sequence_create(session.get(), out, err); });
  }
  grok1_status decode(const golden::Session& session, const golden::Sequence& sequence) {
    grok1_sequence* one = sequence.get();
    const int32_t tokens[] = {1, 2, 3};
    const uint32_t n = 3;
    grok1_batch batch = GROK1_INIT(grok1_batch);
    batch.sequences = &one;
    batch.n_tokens = &n;
    batch.tokens = tokens;
    batch.count = 1;
    err_ = GROK1_INIT(grok1_error);
    return grok1_decode(session.get(), &batch, &err_);
  }
  std::string message() const { return err_.message; }
  grok1_runtime* runtime() const { return runtime_.get(); }
  grok1_error* err() { return &err_; }

 private:
  golden::Runtime runtime_ =
      make<golden::Runtime>([](auto** out, auto* err) { return grok1_runtime_create(nullptr, out, err); });
  grok1_error err_ = GROK1_INIT(grok1_error);
};

TEST(Devices, AModelThatDoesNotFitIsRefusedWithFigures) {
  in_child({{"GROK1_EMU_MEMORY", "100000"}}, [] {
    Host host;
    golden::Model model;
    EXPECT_EQ(host.try_load(Host::on("emu:0"), &model), GROK1_E_DOES_NOT_FIT);
    EXPECT_NE(host.message().find("emu:0"), std::string::npos) << host.message();
    EXPECT_NE(host.message().find("free"), std::string::npos) << host.message();
    host.load(Host::on("cpu"));
  });
}

TEST(Devices, MemoryThatRunsOutHarmsNothing) {
  in_child({{"GROK1_EMU_MEMORY", "20000000"}}, [] {
    Host host;
    const golden::Model model = host.load(Host::on("emu:0"));
    const golden::Session first = host.session(model);  // in the memory that the load reserved
    const golden::Sequence chat = host.sequence(first);
    std::vector<golden::Session> more;
    grok1_status status = GROK1_OK;
    while (status == GROK1_OK) {
      grok1_session* another = nullptr;
      status = grok1_session_create(model.get(), nullptr, &another, host.err());
      more.emplace_back(another);
      ASSERT_LT(more.size(), 100u);
    }
    EXPECT_EQ(status, GROK1_E_OUT_OF_MEMORY) << host.message();
    EXPECT_NE(host.message().find("emu:0"), std::string::npos) << host.message();
    EXPECT_EQ(host.decode(first, chat), GROK1_OK) << host.message();
    more.clear();
    host.session(model);
  });
}

TEST(Devices, ALostDeviceIsFinalForItsModelAndHarmlessToOthers) {
  in_child({{"GROK1_EMU_LOSE", "0:200"}}, [] {
    Host host;
    const golden::Model model = host.load(Host::on("emu:0")), other = host.load(Host::on("emu:1")),
                        both = host.load(Host::on("emu:0,emu:1"));
    const golden::Session on_first = host.session(model), on_other = host.session(other), on_both = host.session(both);
    const golden::Sequence chat = host.sequence(on_first), other_chat = host.sequence(on_other),
                           both_chat = host.sequence(on_both);
    grok1_status status = GROK1_OK;
    for (int i = 0; i < 20 && status == GROK1_OK; ++i) status = host.decode(on_first, chat);
    ASSERT_EQ(status, GROK1_E_DEVICE_LOST) << host.message();
    EXPECT_NE(host.message().find("emu:0"), std::string::npos) << host.message();

    EXPECT_EQ(host.decode(on_first, chat), GROK1_E_DEVICE_LOST);
    grok1_session* another = nullptr;
    EXPECT_EQ(grok1_session_create(model.get(), nullptr, &another, host.err()), GROK1_E_DEVICE_LOST);
    EXPECT_EQ(another, nullptr);
    EXPECT_EQ(host.decode(on_both, both_chat), GROK1_E_DEVICE_LOST) << host.message();
    EXPECT_EQ(host.decode(on_other, other_chat), GROK1_OK) << host.message();
    host.load(Host::on("cpu"));
  });
}

TEST(Devices, APlanSaysWhatEachDeviceHas) {
  in_child({}, [] {
    Host host;
    grok1_model_options options = Host::on("emu:0,cpu");
    options.gpu_layers = 1;
    const golden::Model model = host.load(options);
    const std::string path = api_test::kTinyModel;
    grok1_plan plan = GROK1_INIT(grok1_plan);
    ASSERT_EQ(grok1_model_plan(host.runtime(), path.c_str(), SIZE_MAX, &options, &plan, host.err()), GROK1_OK)
        << host.message();
    ASSERT_EQ(plan.n_devices, 2u);
    uint64_t weights = 0, needed = 0;
    const char* const parts[] = {"attention of layer 1, experts 0-7 of layer 1",
                                 "attention of layer 0, experts 0-7 of layer 0, embedding and head"};
    for (size_t i = 0; i < 2; ++i) {
      grok1_plan_device planned = GROK1_INIT(grok1_plan_device), loaded = GROK1_INIT(grok1_plan_device);
      ASSERT_EQ(grok1_model_plan_device(host.runtime(), path.c_str(), SIZE_MAX, &options, i, &planned, host.err()),
                GROK1_OK)
          << host.message();
      ASSERT_EQ(grok1_model_device(model.get(), i, &loaded), GROK1_OK);
      EXPECT_STREQ(planned.part, parts[i]);
      EXPECT_STREQ(loaded.part, parts[i]);
      EXPECT_STREQ(loaded.name, i == 0 ? "emu:0" : "cpu");
      EXPECT_EQ(loaded.residency, uint32_t{GROK1_RESIDENCY_IN_MEMORY});
      EXPECT_EQ(planned.weight_bytes, loaded.weight_bytes);
      weights += planned.weight_bytes;
      needed += planned.needed_in_memory;
    }
    EXPECT_EQ(weights, plan.weight_bytes);
    EXPECT_EQ(needed, plan.needed_in_memory);
    grok1_plan_device row = GROK1_INIT(grok1_plan_device);
    EXPECT_EQ(grok1_model_plan_device(host.runtime(), path.c_str(), SIZE_MAX, &options, 2, &row, host.err()),
              GROK1_E_OUT_OF_RANGE);
    EXPECT_EQ(grok1_model_device(model.get(), 2, &row), GROK1_E_OUT_OF_RANGE);
  });
}

// What a plan foresees is what is taken: a device with exactly that much memory holds the model, one byte less does
// not.
TEST(Devices, APlanIsExact) {
  const grok1_model_options options = Host::on("emu:0");
  auto* const needed = static_cast<uint64_t*>(
      mmap(nullptr, sizeof(uint64_t), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  ASSERT_NE(needed, MAP_FAILED);
  in_child({}, [&] {
    Host host;
    grok1_plan plan = GROK1_INIT(grok1_plan);
    ASSERT_EQ(grok1_model_plan(host.runtime(), api_test::kTinyModel.c_str(), SIZE_MAX, &options, &plan, host.err()),
              GROK1_OK);
    *needed = plan.needed_in_memory;
  });
  in_child({{"GROK1_EMU_MEMORY", std::to_string(*needed)}}, [&] {
    Host host;
    host.load(options);
  });
  in_child({{"GROK1_EMU_MEMORY", std::to_string(*needed - 1)}}, [&] {
    Host host;
    golden::Model model;
    EXPECT_EQ(host.try_load(options, &model), GROK1_E_DOES_NOT_FIT) << host.message();
  });
}

// A device that is for tests is never chosen unasked.
TEST(Devices, NobodyGetsAnEmulatedDeviceUnasked) {
  in_child({}, [] {
    Host host;
    grok1_model_options options = Host::on(nullptr);
    options.gpu_layers = 1;
    grok1_model_info info = GROK1_INIT(grok1_model_info);
    const golden::Model model = host.load(options);
    ASSERT_EQ(grok1_model_get_info(model.get(), &info), GROK1_OK);
    EXPECT_EQ(std::string(info.devices).find("emu"), std::string::npos) << info.devices;
    EXPECT_EQ(std::string(info.devices).find("reference"), std::string::npos) << info.devices;
  });
}

TEST(Devices, WishesThatCannotBeMet) {
  in_child({}, [] {
    Host host;
    golden::Model model;
    grok1_model_options options = Host::on("emu:0,emu:1");
    options.tensor_split = "1,2,3";
    EXPECT_EQ(host.try_load(options, &model), GROK1_E_INVALID_ARGUMENT);
    EXPECT_NE(host.message().find("tensor_split"), std::string::npos) << host.message();
    options = Host::on("emu:0,emu:1,emu:7");
    EXPECT_LT(host.try_load(options, &model), 0);
    EXPECT_NE(host.message().find("emu:7"), std::string::npos) << host.message();
    options = Host::on("emu:0");
    options.gpu_layers = -5;
    EXPECT_EQ(host.try_load(options, &model), GROK1_E_INVALID_ARGUMENT);
    EXPECT_NE(host.message().find("gpu_layers"), std::string::npos) << host.message();
    // Its kernels count the floats before a row in 32 bits; experts_used * ffn of them are in one here.
    options = Host::on("emu:0");
    options.max_batch_tokens = 1 << 24;
    EXPECT_EQ(host.try_load(options, &model), GROK1_E_UNSUPPORTED);
    EXPECT_NE(host.message().find("rows are too many for the GPU"), std::string::npos) << host.message();
  });
}

}  // namespace
