// Sessions and sequences through grok1.h, on the smallest golden checkpoint and the demo model: what decode refuses,
// what it leaves behind when it fails or is cancelled, forks, lifetimes, threads.
#include <grok1.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace {

template <class T, void (*Release)(T*)>
struct Releaser {
  void operator()(T* handle) const { Release(handle); }
};
using Model = std::unique_ptr<grok1_model, Releaser<grok1_model, grok1_model_release>>;
using Session = std::unique_ptr<grok1_session, Releaser<grok1_session, grok1_session_release>>;
using Sequence = std::unique_ptr<grok1_sequence, Releaser<grok1_sequence, grok1_sequence_release>>;
using Cancel = std::unique_ptr<grok1_cancel, Releaser<grok1_cancel, grok1_cancel_release>>;

const std::string kTiny = std::string(GROK1_TEST_DATA) + "/tiny";
const std::string kDemo = std::string(GROK1_TEST_DATA) + "/demo-model";
constexpr uint32_t kVocab = 256;  // of tiny

grok1_model_options options() {
  grok1_model_options o = GROK1_INIT(grok1_model_options);
  o.devices = "cpu";
  o.threads = 2;
  o.context_tokens = 128;
  o.max_sequences = 4;
  o.max_batch_tokens = 24;
  o.max_logit_rows = 64;
  o.page_tokens = 16;
  return o;
}

Model load(const std::string& path, const grok1_model_options& o) {
  grok1_model* model = nullptr;
  grok1_error err = GROK1_INIT(grok1_error);
  EXPECT_EQ(grok1_model_load(nullptr, path.c_str(), SIZE_MAX, &o, &model, &err), GROK1_OK) << err.message;
  return Model(model);
}

Session session_of(const Model& model) {
  grok1_session* session = nullptr;
  grok1_error err = GROK1_INIT(grok1_error);
  EXPECT_EQ(grok1_session_create(model.get(), nullptr, &session, &err), GROK1_OK) << err.message;
  return Session(session);
}

Sequence sequence_of(const Session& session) {
  grok1_sequence* sequence = nullptr;
  EXPECT_EQ(grok1_sequence_create(session.get(), &sequence, nullptr), GROK1_OK);
  return Sequence(sequence);
}

Sequence fork(const Sequence& from) {
  grok1_sequence* sequence = nullptr;
  EXPECT_EQ(grok1_sequence_fork(from.get(), &sequence, nullptr), GROK1_OK);
  return Sequence(sequence);
}

std::vector<int32_t> some_tokens(uint32_t n, uint32_t seed = 1) {
  std::vector<int32_t> tokens(n);
  for (uint32_t i = 0; i < n; ++i) tokens[i] = static_cast<int32_t>((i * 37 + seed * 101 + 5) % kVocab);
  return tokens;
}

grok1_error last_error = GROK1_INIT(grok1_error);

grok1_status decode(const Session& session, std::vector<grok1_sequence*> sequences,
                    const std::vector<std::vector<int32_t>>& chunks, grok1_cancel* cancel = nullptr,
                    uint32_t* n_done = nullptr) {
  std::vector<int32_t> tokens;
  std::vector<uint32_t> n;
  for (const auto& chunk : chunks) {
    tokens.insert(tokens.end(), chunk.begin(), chunk.end());
    n.push_back(static_cast<uint32_t>(chunk.size()));
  }
  grok1_batch batch = GROK1_INIT(grok1_batch);
  batch.sequences = sequences.data();
  batch.n_tokens = n.data();
  batch.tokens = tokens.data();
  batch.count = sequences.size();
  batch.cancel = cancel;
  batch.n_done = n_done;
  return grok1_decode(session.get(), &batch, &last_error);
}

std::vector<float> logits_of(const Sequence& sequence) {
  std::vector<float> logits(kVocab);
  EXPECT_EQ(grok1_sequence_logits(sequence.get(), 0, logits.data(), logits.size(), &last_error), GROK1_OK)
      << last_error.message;
  return logits;
}

std::vector<int32_t> tokens_of(const Sequence& sequence) {
  size_t n = 0;
  EXPECT_EQ(grok1_sequence_tokens(sequence.get(), nullptr, 0, &n, nullptr), GROK1_OK);
  std::vector<int32_t> tokens(n);
  EXPECT_EQ(grok1_sequence_tokens(sequence.get(), tokens.data(), n, &n, nullptr), GROK1_OK);
  return tokens;
}

// The last row after exactly these tokens, computed alone.
std::vector<float> alone(const Model& model, const std::vector<int32_t>& tokens) {
  const Session session = session_of(model);
  const Sequence sequence = sequence_of(session);
  EXPECT_EQ(decode(session, {sequence.get()}, {tokens}), GROK1_OK) << last_error.message;
  return logits_of(sequence);
}

std::vector<int32_t> joined(std::vector<int32_t> a, const std::vector<int32_t>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

class SessionTest : public testing::Test {
 protected:
  Model model = load(kTiny, options());
  Session session = session_of(model);
};

TEST_F(SessionTest, MixedChunksEqualEachAlone) {
  const Sequence a = sequence_of(session), b = sequence_of(session), c = sequence_of(session);
  const auto ta = some_tokens(20, 1), tb = some_tokens(41, 2), tc = some_tokens(7, 3);
  ASSERT_EQ(decode(session, {a.get(), b.get()}, {ta, tb}), GROK1_OK) << last_error.message;
  EXPECT_EQ(logits_of(b), alone(model, tb));
  ASSERT_EQ(decode(session, {b.get(), c.get(), a.get()}, {{9}, tc, {8}}), GROK1_OK) << last_error.message;
  EXPECT_EQ(logits_of(a), alone(model, joined(ta, {8})));
  EXPECT_EQ(logits_of(b), alone(model, joined(tb, {9})));
  EXPECT_EQ(logits_of(c), alone(model, tc));
}

TEST_F(SessionTest, ForksDivergeWithoutTouchingEachOther) {
  const Sequence a = sequence_of(session);
  const auto prefix = some_tokens(21);  // ends inside a page
  ASSERT_EQ(decode(session, {a.get()}, {prefix}), GROK1_OK);
  const Sequence b = fork(a), c = fork(b);
  EXPECT_EQ(logits_of(b), logits_of(a));  // a fork has the logits too
  ASSERT_EQ(decode(session, {b.get(), c.get()}, {{1, 2, 3}, {4}}), GROK1_OK) << last_error.message;
  ASSERT_EQ(decode(session, {a.get()}, {{7}}), GROK1_OK);
  EXPECT_EQ(logits_of(a), alone(model, joined(prefix, {7})));
  ASSERT_EQ(decode(session, {b.get(), c.get()}, {{5}, {6}}), GROK1_OK);
  EXPECT_EQ(logits_of(b), alone(model, joined(prefix, {1, 2, 3, 5})));
  EXPECT_EQ(logits_of(c), alone(model, joined(prefix, {4, 6})));
}

TEST_F(SessionTest, ATruncatedForkLeavesTheLongerOneIntact) {
  const Sequence a = sequence_of(session);
  const auto tokens = some_tokens(30);
  ASSERT_EQ(decode(session, {a.get()}, {tokens}), GROK1_OK);
  const Sequence b = fork(a);
  ASSERT_EQ(grok1_sequence_truncate(b.get(), 18, nullptr), GROK1_OK);
  ASSERT_EQ(decode(session, {b.get(), a.get()}, {{1, 2}, {3}}), GROK1_OK);
  EXPECT_EQ(logits_of(a), alone(model, joined(tokens, {3})));
  EXPECT_EQ(logits_of(b), alone(model, joined({tokens.begin(), tokens.begin() + 18}, {1, 2})));
}

TEST_F(SessionTest, TruncateAndGoOnEqualsAFreshStart) {
  const Sequence a = sequence_of(session);
  const auto tokens = some_tokens(40);
  ASSERT_EQ(decode(session, {a.get()}, {tokens}), GROK1_OK);
  ASSERT_EQ(grok1_sequence_truncate(a.get(), 33, nullptr), GROK1_OK);
  std::vector<float> out(kVocab);
  EXPECT_EQ(grok1_sequence_logits(a.get(), 0, out.data(), out.size(), nullptr), GROK1_E_OUT_OF_RANGE);
  ASSERT_EQ(decode(session, {a.get()}, {{11}}), GROK1_OK);
  EXPECT_EQ(logits_of(a), alone(model, joined({tokens.begin(), tokens.begin() + 33}, {11})));
  EXPECT_EQ(grok1_sequence_truncate(a.get(), 35, nullptr), GROK1_E_OUT_OF_RANGE);
  EXPECT_EQ(tokens_of(a).size(), 34u);
}

TEST_F(SessionTest, RefusalsChangeNothing) {
  const Sequence a = sequence_of(session);
  const auto tokens = some_tokens(10);
  ASSERT_EQ(decode(session, {a.get()}, {tokens}), GROK1_OK);
  const auto before = logits_of(a);
  EXPECT_EQ(decode(session, {a.get()}, {{3, 256}}), GROK1_E_OUT_OF_RANGE);
  EXPECT_NE(std::string(last_error.message).find("256"), std::string::npos) << last_error.message;
  EXPECT_EQ(decode(session, {a.get()}, {{-1}}), GROK1_E_OUT_OF_RANGE);
  EXPECT_EQ(decode(session, {a.get()}, {some_tokens(119)}), GROK1_E_CONTEXT_FULL);
  EXPECT_EQ(decode(session, {a.get()}, {{}}), GROK1_E_INVALID_ARGUMENT);
  EXPECT_EQ(decode(session, {a.get(), a.get()}, {{1}, {2}}), GROK1_E_INVALID_ARGUMENT);
  EXPECT_EQ(decode(session, {nullptr}, {{1}}), GROK1_E_INVALID_ARGUMENT);
  EXPECT_EQ(decode(session, {}, {}), GROK1_E_INVALID_ARGUMENT);
  const Session other = session_of(model);
  const Sequence foreign = sequence_of(other);
  EXPECT_EQ(decode(session, {foreign.get()}, {{1}}), GROK1_E_INVALID_ARGUMENT);
  EXPECT_EQ(tokens_of(a), tokens);
  EXPECT_EQ(logits_of(a), before);  // refused before anything was dropped
  ASSERT_EQ(decode(session, {a.get()}, {{5}}), GROK1_OK);
  EXPECT_EQ(logits_of(a), alone(model, joined(tokens, {5})));
}

TEST_F(SessionTest, TooManyLogitRowsAreRefused) {
  const Sequence a = sequence_of(session);
  const auto tokens = some_tokens(65);
  auto* sequence = a.get();
  const uint32_t n = 65;
  const uint8_t want = GROK1_LOGITS_ALL;
  grok1_batch batch = GROK1_INIT(grok1_batch);
  batch.sequences = &sequence;
  batch.n_tokens = &n;
  batch.tokens = tokens.data();
  batch.want_logits = &want;
  batch.count = 1;
  EXPECT_EQ(grok1_decode(session.get(), &batch, &last_error), GROK1_E_INVALID_ARGUMENT);
  EXPECT_NE(std::string(last_error.message).find("max_logit_rows"), std::string::npos) << last_error.message;
  EXPECT_TRUE(tokens_of(a).empty());
}

TEST_F(SessionTest, AFullPoolIsAnErrorAndRecovers) {
  std::vector<Sequence> full;
  for (int i = 0; i < 4; ++i) {
    full.push_back(sequence_of(session));
    ASSERT_EQ(decode(session, {full.back().get()}, {some_tokens(128, 1 + i)}), GROK1_OK) << last_error.message;
  }
  const Sequence extra = sequence_of(session);
  EXPECT_EQ(decode(session, {extra.get()}, {some_tokens(128)}), GROK1_E_CONTEXT_FULL);
  EXPECT_TRUE(tokens_of(extra).empty());
  full.pop_back();  // released: its pages come back with the next call
  EXPECT_EQ(decode(session, {extra.get()}, {some_tokens(128)}), GROK1_OK) << last_error.message;
}

TEST_F(SessionTest, ACancelledBatchKeepsWholePasses) {
  grok1_cancel* raw = nullptr;
  ASSERT_EQ(grok1_cancel_create(&raw, nullptr), GROK1_OK);
  const Cancel cancel(raw);
  const Sequence a = sequence_of(session);
  grok1_cancel_request(raw);
  uint32_t done = 99;
  EXPECT_EQ(decode(session, {a.get()}, {some_tokens(60)}, raw, &done), GROK1_E_CANCELLED);
  EXPECT_EQ(done, 0u);
  EXPECT_TRUE(tokens_of(a).empty());

  // Cancel from the trace callback, in the second pass of 24 rows.
  const auto trace = reinterpret_cast<grok1_trace_x1>(grok1_get_proc("trace_x1"));
  ASSERT_NE(trace, nullptr);
  struct State {
    grok1_cancel* cancel;
    int embeds;
  } state{raw, 0};
  const auto look = [](void* user, uint32_t what, int32_t layer, const void*, size_t) {
    auto& s = *static_cast<State*>(user);
    if (what == GROK1_TRACE_HIDDEN_X1 && layer == -1 && ++s.embeds == 2) grok1_cancel_request(s.cancel);
  };
  grok1_cancel_reset(raw);
  ASSERT_EQ(trace(session.get(), look, &state, nullptr), GROK1_OK);
  EXPECT_EQ(decode(session, {a.get()}, {some_tokens(60)}, raw, &done), GROK1_E_CANCELLED);
  EXPECT_EQ(done, 24u);
  EXPECT_EQ(tokens_of(a).size(), 24u);
  ASSERT_EQ(trace(session.get(), nullptr, nullptr, nullptr), GROK1_OK);
  grok1_cancel_reset(raw);
  const auto all = some_tokens(60);
  ASSERT_EQ(decode(session, {a.get()}, {{all.begin() + 24, all.end()}}, raw), GROK1_OK);
  EXPECT_EQ(logits_of(a), alone(model, all));
}

TEST_F(SessionTest, ACallbackCannotReenter) {
  struct State {
    grok1_session* session;
    grok1_sequence* sequence;
    grok1_status seen;
  } state{session.get(), nullptr, GROK1_OK};
  const Sequence a = sequence_of(session);
  state.sequence = a.get();
  const auto trace = reinterpret_cast<grok1_trace_x1>(grok1_get_proc("trace_x1"));
  const auto look = [](void* user, uint32_t, int32_t, const void*, size_t) {
    auto& s = *static_cast<State*>(user);
    s.seen = grok1_sequence_truncate(s.sequence, 0, nullptr);
  };
  ASSERT_EQ(trace(session.get(), look, &state, nullptr), GROK1_OK);
  ASSERT_EQ(decode(session, {a.get()}, {{1, 2}}), GROK1_OK);
  EXPECT_EQ(state.seen, GROK1_E_BUSY);
}

TEST_F(SessionTest, MeasuresWhatTheDeviceReaches) {
  grok1_rates rates = GROK1_INIT(grok1_rates);
  ASSERT_EQ(grok1_model_measure(model.get(), 0, 1 << 20, &rates, &last_error), GROK1_OK) << last_error.message;
  for (const double rate : {rates.read_bytes_per_second, rates.dot_i16_per_second, rates.fma_per_second})
    EXPECT_TRUE(std::isfinite(rate) && rate > 1e6) << rate;
  EXPECT_TRUE(rates.dot_i8_per_second == 0 || rates.dot_i8_per_second > 1e6) << "0 where there is no instruction";
  EXPECT_EQ(grok1_model_measure(model.get(), 0, UINT64_MAX, &rates, nullptr), GROK1_E_OUT_OF_MEMORY);

  grok1_rates older = {{sizeof(grok1_head) + sizeof(double), GROK1_TYPE_RATES, nullptr}, 0, -1, -1, -1};
  ASSERT_EQ(grok1_model_measure(model.get(), 0, 1 << 20, &older, nullptr), GROK1_OK);
  EXPECT_GT(older.read_bytes_per_second, 1e6);
  EXPECT_EQ(older.dot_i8_per_second, -1) << "beyond what the caller knows";

  grok1_model_options o = options();
  o.devices = "reference";
  const Model reference = load(kTiny, o);
  ASSERT_EQ(grok1_model_measure(reference.get(), 0, 0, &rates, &last_error), GROK1_OK) << last_error.message;
  EXPECT_EQ(rates.read_bytes_per_second + rates.dot_i16_per_second + rates.fma_per_second, 0) << "it offers none";
}

TEST_F(SessionTest, ProfilesItsPasses) {
  const auto profile = reinterpret_cast<grok1_profile_x1>(grok1_get_proc("profile_x1"));
  ASSERT_NE(profile, nullptr);
  std::vector<uint64_t> spent(GROK1_PROFILE_COUNT_X1, 0);
  const Sequence a = sequence_of(session);
  ASSERT_EQ(profile(session.get(), spent.data(), nullptr), GROK1_OK);
  grok1_stats before = GROK1_INIT(grok1_stats), after = GROK1_INIT(grok1_stats);
  ASSERT_EQ(grok1_session_stats(session.get(), &before, nullptr), GROK1_OK);
  ASSERT_EQ(decode(session, {a.get()}, {some_tokens(60)}), GROK1_OK);  // three passes of at most 24 rows
  ASSERT_EQ(grok1_session_stats(session.get(), &after, nullptr), GROK1_OK);
  EXPECT_EQ(spent[GROK1_PROFILE_PASSES_X1], 3u);
  uint64_t sum = 0;
  for (size_t i = 0; i < spent.size(); ++i) {
    EXPECT_GT(spent[i], 0u) << i;
    if (i != GROK1_PROFILE_PASSES_X1) sum += spent[i];
  }
  const uint64_t whole = after.prompt_ns - before.prompt_ns;
  EXPECT_LE(sum, whole);
  EXPECT_GT(sum, whole / 2) << "the operators are what a pass spends its time with";

  const std::vector<uint64_t> seen = spent;
  ASSERT_EQ(profile(session.get(), nullptr, nullptr), GROK1_OK);
  ASSERT_EQ(decode(session, {a.get()}, {some_tokens(3)}), GROK1_OK);
  EXPECT_EQ(spent, seen) << "it was ended";
}

TEST_F(SessionTest, HandlesMayBeReleasedInAnyOrder) {
  Sequence a = sequence_of(session);
  ASSERT_EQ(decode(session, {a.get()}, {{1, 2, 3}}), GROK1_OK);
  model.reset();
  session.reset();
  EXPECT_EQ(tokens_of(a).size(), 3u);
  std::thread([&] { a.reset(); }).join();
}

TEST_F(SessionTest, ReleasedPagesComeBack) {
  grok1_stats stats = GROK1_INIT(grok1_stats);
  {
    const Sequence a = sequence_of(session);
    ASSERT_EQ(decode(session, {a.get()}, {some_tokens(17)}), GROK1_OK);
    ASSERT_EQ(grok1_session_stats(session.get(), &stats, nullptr), GROK1_OK);
    EXPECT_EQ(stats.kv_tokens_used, 32u);  // two pages of 16
    EXPECT_EQ(stats.prompt_tokens, 17u);
  }
  ASSERT_EQ(grok1_session_stats(session.get(), &stats, nullptr), GROK1_OK);
  EXPECT_EQ(stats.kv_tokens_used, 0u);
}

TEST_F(SessionTest, AChildProcessIsToldSo) {
  const Sequence a = sequence_of(session);
  const pid_t child = ::fork();
  if (child == 0) {
    size_t n = 0;
    _exit(grok1_sequence_tokens(a.get(), nullptr, 0, &n, nullptr) == GROK1_E_FORKED ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

TEST_F(SessionTest, SessionsOfOneModelRunSideBySide) {
  const auto expected = alone(model, some_tokens(50));
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 3; ++i) {
        grok1_session* raw = nullptr;
        if (grok1_session_create(model.get(), nullptr, &raw, nullptr) != GROK1_OK) ++wrong;
        const Session mine(raw);
        grok1_sequence* raw_sequence = nullptr;
        if (grok1_sequence_create(raw, &raw_sequence, nullptr) != GROK1_OK) ++wrong;
        const Sequence sequence(raw_sequence);
        const auto tokens = some_tokens(50);
        const auto n = static_cast<uint32_t>(tokens.size());
        grok1_batch batch = GROK1_INIT(grok1_batch);
        batch.sequences = &raw_sequence;
        batch.n_tokens = &n;
        batch.tokens = tokens.data();
        batch.count = 1;
        if (grok1_decode(raw, &batch, nullptr) != GROK1_OK) ++wrong;
        std::vector<float> logits(kVocab);
        if (grok1_sequence_logits(raw_sequence, 0, logits.data(), logits.size(), nullptr) != GROK1_OK) ++wrong;
        if (logits != expected) ++wrong;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(wrong.load(), 0);
}

TEST_F(SessionTest, TextNeedsATokenizerAndSaysSo) {
  EXPECT_EQ(grok1_generate(session.get(), "hi", SIZE_MAX, nullptr, nullptr, nullptr, &last_error),
            GROK1_E_NO_TOKENIZER);
  EXPECT_NE(std::string(last_error.message).find("tokenizer.model"), std::string::npos) << last_error.message;
}

TEST(Probe, HasNoWeights) {
  grok1_model* raw = nullptr;
  ASSERT_EQ(grok1_model_probe(kTiny.c_str(), SIZE_MAX, nullptr, &raw, nullptr), GROK1_OK);
  const Model model(raw);
  grok1_session* session = nullptr;
  EXPECT_EQ(grok1_session_create(raw, nullptr, &session, nullptr), GROK1_E_NO_WEIGHTS);
  grok1_model_info info = GROK1_INIT(grok1_model_info);
  ASSERT_EQ(grok1_model_get_info(raw, &info), GROK1_OK);
  EXPECT_EQ(info.layers, 2u);
  EXPECT_EQ(info.vocab_size, kVocab);
  EXPECT_EQ(info.n_tensors, 2u + 2 * 12);
  EXPECT_EQ(info.has_tokenizer, 0u);
}

TEST(Load, NamesWhatIsMissing) {
  auto o = options();
  grok1_model* model = nullptr;
  grok1_error err = GROK1_INIT(grok1_error);
  EXPECT_EQ(grok1_model_load(nullptr, "/nowhere/at/all", SIZE_MAX, &o, &model, &err), GROK1_E_NOT_FOUND);
  EXPECT_NE(std::string(err.message).find("/nowhere/at/all"), std::string::npos) << err.message;
  o.devices = "quantum";
  EXPECT_EQ(grok1_model_load(nullptr, kTiny.c_str(), SIZE_MAX, &o, &model, &err), GROK1_E_NO_BACKEND);
  EXPECT_NE(std::string(err.message).find("quantum"), std::string::npos) << err.message;
  o.devices = "cpu";
  o.max_sequences = 60000;
  o.cache_type = GROK1_CACHE_F32;
  o.max_batch_tokens = UINT32_MAX;  // scratch that no machine has
  EXPECT_EQ(grok1_model_load(nullptr, kTiny.c_str(), SIZE_MAX, &o, &model, &err), GROK1_E_DOES_NOT_FIT) << err.message;
  EXPECT_EQ(model, nullptr);
}

TEST(Load, CanBeCancelled) {
  auto o = options();
  o.progress = [](void* user, uint64_t, uint64_t) -> int32_t { return ++*static_cast<int*>(user) > 3; };
  int calls = 0;
  o.progress_user = &calls;
  grok1_model* model = nullptr;
  EXPECT_EQ(grok1_model_load(nullptr, kTiny.c_str(), SIZE_MAX, &o, &model, nullptr), GROK1_E_CANCELLED);
  EXPECT_EQ(calls, 4);
}

class GenerateTest : public testing::Test {
 protected:
  static grok1_model_options demo_options() {
    auto o = options();
    o.max_sequences = 1;
    return o;
  }
  static int32_t collect(void* user, const char* text, size_t size) {
    static_cast<std::string*>(user)->append(text, size);
    return 0;
  }
  Model model = load(kDemo, demo_options());
  Session session = session_of(model);
};

TEST_F(GenerateTest, SameSeedSameTextAndOtherSeedOtherText) {
  const auto text = [&](uint64_t seed) {
    grok1_sampler_options so = GROK1_INIT(grok1_sampler_options);
    so.temperature = 1;
    so.seed = seed;
    grok1_sampler* sampler = nullptr;
    EXPECT_EQ(grok1_sampler_create(&so, &sampler, nullptr), GROK1_OK);
    grok1_generate_options go = GROK1_INIT(grok1_generate_options);
    go.sampler = sampler;
    go.max_tokens = 24;
    std::string out;
    EXPECT_GE(grok1_generate(session.get(), "It is", SIZE_MAX, &go, collect, &out, &last_error), 0)
        << last_error.message;
    grok1_sampler_release(sampler);
    return out;
  };
  EXPECT_EQ(text(1), text(1));
  EXPECT_NE(text(1), text(2));
}

TEST_F(GenerateTest, StopsWhenToldAndWhenTheContextIsFull) {
  const auto stop = [](void* user, const char*, size_t) -> int32_t { return ++*static_cast<int*>(user) == 3; };
  int calls = 0;
  EXPECT_EQ(grok1_generate(session.get(), "It is", SIZE_MAX, nullptr, stop, &calls, nullptr), GROK1_S_STOPPED);
  EXPECT_EQ(calls, 3);
  grok1_generate_options go = GROK1_INIT(grok1_generate_options);
  go.max_tokens = 500;
  go.flags = GROK1_GENERATE_IGNORE_EOS;
  EXPECT_EQ(grok1_generate(session.get(), "It is", SIZE_MAX, &go, nullptr, nullptr, nullptr), GROK1_S_CONTEXT_FULL);
}

TEST_F(GenerateTest, AGivenSequenceHoldsPromptAndText) {
  const Sequence sequence = sequence_of(session);
  grok1_generate_options go = GROK1_INIT(grok1_generate_options);
  go.sequence = sequence.get();
  go.max_tokens = 10;
  std::string text;
  ASSERT_GE(grok1_generate(session.get(), "It is", SIZE_MAX, &go, collect, &text, nullptr), 0);
  const auto tokens = tokens_of(sequence);
  grok1_tokenizer* tokenizer = nullptr;
  ASSERT_EQ(grok1_model_tokenizer(model.get(), &tokenizer, nullptr), GROK1_OK);
  std::string decoded(1000, '\0');
  size_t size = 0;
  ASSERT_EQ(
      grok1_tokenizer_decode(tokenizer, tokens.data(), tokens.size(), decoded.data(), decoded.size(), &size, nullptr),
      GROK1_OK);
  decoded.resize(size);
  EXPECT_EQ(decoded, "It is" + text);
  grok1_tokenizer_release(tokenizer);
}

TEST_F(GenerateTest, AnEmptyPromptNeedsSomethingToGoOnFrom) {
  EXPECT_EQ(grok1_generate(session.get(), "", 0, nullptr, nullptr, nullptr, &last_error), GROK1_E_INVALID_ARGUMENT);
  grok1_generate_options go = GROK1_INIT(grok1_generate_options);
  go.flags = GROK1_GENERATE_ADD_BOS;
  go.max_tokens = 2;
  EXPECT_GE(grok1_generate(session.get(), "", 0, &go, nullptr, nullptr, &last_error), 0) << last_error.message;
}

}  // namespace
