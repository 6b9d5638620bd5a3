// How handles end and who may call when: any order of release, releases on other threads, calls from callbacks, and a
// child process that inherited a session.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <random>
#include <thread>

#include "tests/abi/fixture.h"

namespace {

using api_test::Handles;

class Lifetime : public testing::TestWithParam<const char*> {};

// Handles may be released in any order, and those that are left work.
TEST_P(Lifetime, ReleaseOrder) {
  std::minstd_rand random(1);
  for (int round = 0; round < 24; ++round) {
    Handles h = Handles::open(GetParam());
    std::vector<std::function<void()>> releases = {
        [&] { h.runtime.reset(); },       [&] { h.cancel.reset(); },         [&] { h.model.reset(); },
        [&] { h.tokenizer.reset(); },     [&] { h.detokenizer.reset(); },    [&] { h.session.reset(); },
        [&] { h.other_session.reset(); }, [&] { h.sequence.reset(); },       [&] { h.empty_sequence.reset(); },
        [&] { h.sampler.reset(); },       [&] { h.other_sequence.reset(); }, [&] { h.imatrix.reset(); },
    };
    if (round == 1) std::reverse(releases.begin(), releases.end());
    if (round > 1) std::shuffle(releases.begin(), releases.end(), random);
    for (const auto& release : releases) {
      release();
      grok1_error err = GROK1_INIT(grok1_error);
      if (h.session && h.sequence) {
        EXPECT_EQ(h.decode({1}, &err), GROK1_OK) << err.message;
      }
      if (h.sequence) {
        EXPECT_EQ(grok1_sequence_truncate(h.sequence.get(), 3, &err), GROK1_OK) << err.message;
      }
      if (h.detokenizer) {
        const char* text = nullptr;
        size_t size = 0;
        EXPECT_EQ(grok1_detokenizer_push(h.detokenizer.get(), 400, &text, &size, &err), GROK1_OK) << err.message;
      }
      if (h.imatrix) {
        const std::string file = api_test::new_file("order.gguf");
        EXPECT_EQ(grok1_imatrix_write(h.imatrix.get(), file.c_str(), SIZE_MAX, nullptr, &err), GROK1_OK) << err.message;
        std::filesystem::remove(file);
      }
    }
  }
}

// Released on other threads while the session decodes, as a garbage collector would.
TEST_P(Lifetime, ReleaseOnAnotherThread) {
  const Handles h = Handles::open(GetParam());
  for (int i = 0; i < 20; ++i) {
    std::vector<golden::Sequence> doomed;
    for (int j = 0; j < 8; ++j) {
      doomed.push_back(golden::make<golden::Sequence>(
          [&](auto** out, auto* err) { return grok1_sequence_create(h.session.get(), out, err); }));
    }
    std::thread collector([&] { doomed.clear(); });
    grok1_error err = GROK1_INIT(grok1_error);
    EXPECT_EQ(h.decode({1}, &err), GROK1_OK) << err.message;
    collector.join();
  }
}

// Its session goes on, also in the middle of a decode, and has room for another one.
TEST_P(Lifetime, ImatrixReleasedOnAnotherThread) {
  Handles h = Handles::open(GetParam());
  for (int i = 0; i < 20; ++i) {
    std::thread collector([&] { h.imatrix.reset(); });
    grok1_error err = GROK1_INIT(grok1_error);
    EXPECT_EQ(h.decode({1}, &err), GROK1_OK) << err.message;
    collector.join();
    h.imatrix = golden::make<golden::Imatrix>(
        [&](auto** out, auto* e) { return grok1_imatrix_create(h.session.get(), out, e); });
  }
}

// What a released session had is given to the next one, which nobody looks on at.
TEST_P(Lifetime, ImatrixEndsWithItsSession) {
  Handles h = Handles::open(GetParam());
  h.sequence.reset();
  h.empty_sequence.reset();
  h.session.reset();
  h.imatrix.reset();
  h.session = golden::make<golden::Session>(
      [&](auto** out, auto* err) { return grok1_session_create(h.model.get(), nullptr, out, err); });
  h.sequence = golden::make<golden::Sequence>(
      [&](auto** out, auto* err) { return grok1_sequence_create(h.session.get(), out, err); });
  grok1_error err = GROK1_INIT(grok1_error);
  EXPECT_EQ(h.decode({1, 2, 3}, &err), GROK1_OK) << err.message;
}

// A callback may cancel and read; anything else on its session is refused.
TEST_P(Lifetime, CallbackCallsBack) {
  const golden::Engine engine(std::string(GROK1_TEST_DATA) + "/demo-model", {.device = GetParam()});
  struct Seen {
    const golden::Engine& engine;
    grok1_status create = 0, generate = 0, info = 0, stats = 0;
  } seen{engine};
  const auto callback = [](void* user, const char*, size_t) -> int32_t {
    auto& s = *static_cast<Seen*>(user);
    grok1_sequence* made = nullptr;
    s.create = grok1_sequence_create(s.engine.session(), &made, nullptr);
    s.generate = grok1_generate(s.engine.session(), "a", 1, nullptr, nullptr, nullptr, nullptr);
    grok1_stats stats = GROK1_INIT(grok1_stats);
    s.stats = grok1_session_stats(s.engine.session(), &stats, nullptr);
    grok1_model_info info = GROK1_INIT(grok1_model_info);
    s.info = grok1_model_get_info(s.engine.model(), &info);
    return 1;
  };
  grok1_error err = GROK1_INIT(grok1_error);
  EXPECT_EQ(grok1_generate(engine.session(), "It is", SIZE_MAX, nullptr, callback, &seen, &err), GROK1_S_STOPPED)
      << err.message;
  EXPECT_EQ(seen.create, GROK1_E_BUSY);
  EXPECT_EQ(seen.generate, GROK1_E_BUSY);
  EXPECT_EQ(seen.stats, GROK1_E_BUSY);
  EXPECT_EQ(seen.info, GROK1_OK);
}

TEST_P(Lifetime, SessionOfTheParentProcess) {
  Handles h = Handles::open(GetParam());
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    grok1_error err = GROK1_INIT(grok1_error);
    bool good = h.decode({1}, &err) == GROK1_E_FORKED;
    size_t n = 0;
    good = good && grok1_sequence_tokens(h.sequence.get(), nullptr, 0, &n, &err) == GROK1_E_FORKED;
    good = good && grok1_imatrix_write(h.imatrix.get(), "forked.gguf", SIZE_MAX, nullptr, &err) == GROK1_E_FORKED;
    h.sequence.reset();
    h.sampler.reset();
    h.imatrix.reset();
    _exit(good ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0) << "in the child every call on the session returns GROK1_E_FORKED";
}

INSTANTIATE_TEST_SUITE_P(Devices, Lifetime, testing::Values("reference", "cpu"),
                         [](const auto& test) { return test.param; });

}  // namespace
