// The tokens are a fixed stream of random ids: with random or real weights alike they reach all experts.
#include "bench_run.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <set>

#include "model.h"
#include "text.h"

namespace cli {
namespace {

// The id at a position of a sequence: SplitMix64 (Steele, Lea and Flood 2014) of both.
int32_t token_at(uint32_t sequence, uint32_t position, uint32_t vocab_size) {
  uint64_t z = (uint64_t{sequence} << 32 | position) * 0x9e3779b97f4a7c15u + 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return static_cast<int32_t>((z ^ (z >> 31)) % vocab_size);
}

template <class Function>
Function proc(const char* name) {
  const auto found = reinterpret_cast<Function>(grok1_get_proc(name));
  if (found == nullptr) throw Stop(kOther, text("this libgrok1 has no %s", name));
  return found;
}

struct TraceState {
  BenchTrace trace;
  uint32_t experts_used;
};

void count_experts(void* user, uint32_t what, int32_t layer, const void* data, size_t rows) {
  TraceState& state = *static_cast<TraceState*>(user);
  if (what != GROK1_TRACE_EXPERTS_X1) return;
  if (layer == 0) ++state.trace.passes;
  const int32_t* chosen = static_cast<const int32_t*>(data);
  state.trace.experts += std::set<int32_t>(chosen, chosen + rows * state.experts_used).size();
}

grok1_rates mean(const grok1_rates& a, const grok1_rates& b) {
  grok1_rates rates = GROK1_INIT(grok1_rates);
  for (double grok1_rates::*rate : {&grok1_rates::read_bytes_per_second, &grok1_rates::dot_i8_per_second,
                                    &grok1_rates::dot_i16_per_second, &grok1_rates::fma_per_second})
    rates.*rate = (a.*rate + b.*rate) / 2;
  return rates;
}

}  // namespace

BenchRunner::BenchRunner(grok1_model* model, uint32_t cache_type, uint32_t rows_per_pass, const Interrupt& interrupt)
    : model_(model),
      info_(model_info(model)),
      work_(model, cache_type),
      rows_per_pass_(rows_per_pass),
      interrupt_(interrupt),
      session_(make<Session>([&](auto** out, auto* err) { return grok1_session_create(model, nullptr, out, err); })),
      base_(make<Sequence>([&](auto** out, auto* err) { return grok1_sequence_create(session_.get(), out, err); })),
      spent_(GROK1_PROFILE_COUNT_X1, 0) {
  grok1_plan_device first = GROK1_INIT(grok1_plan_device), second = GROK1_INIT(grok1_plan_device);
  measures_ = grok1_model_device(model, 0, &first) == GROK1_OK && grok1_model_device(model, 1, &second) != GROK1_OK;
  profiles_ = measures_ && first.kind == GROK1_DEVICE_CPU;
  if (!profiles_) return;
  const auto profile = proc<grok1_profile_x1>("profile_x1");
  checked([&](auto* err) { return profile(session_.get(), spent_.data(), err); });
}

void BenchRunner::done(uint64_t tokens) {
  done_ += tokens;
  progress_->update(done_, total_);
}

// Appends n_tokens of the stream to each sequence, whose next position is `position`.
void BenchRunner::decode(const std::vector<grok1_sequence*>& sequences, uint32_t n_tokens, uint32_t position) {
  const std::vector<uint32_t> counts(sequences.size(), n_tokens);
  std::vector<int32_t> tokens;
  for (uint32_t s = 0; s < sequences.size(); ++s)
    for (uint32_t i = 0; i < n_tokens; ++i) tokens.push_back(token_at(s, position + i, info_.vocab_size));
  grok1_batch batch = GROK1_INIT(grok1_batch);
  batch.sequences = sequences.data();
  batch.n_tokens = counts.data();
  batch.tokens = tokens.data();
  batch.count = sequences.size();
  batch.cancel = interrupt_.flag();
  checked([&](auto* err) { return grok1_decode(session_.get(), &batch, err); });
  done(tokens.size());
}

void BenchRunner::fill(uint32_t depth) {
  while (depth_ < depth) {
    const uint32_t n = std::min(depth - depth_, rows_per_pass_);
    decode({base_.get()}, n, depth_);
    depth_ += n;
  }
}

double BenchRunner::run_once(const BenchTest& test) {
  std::vector<Sequence> forks;
  std::vector<grok1_sequence*> sequences;
  for (uint32_t i = 0; i < test.batch; ++i) {
    forks.push_back(make<Sequence>([&](auto** out, auto* err) { return grok1_sequence_fork(base_.get(), out, err); }));
    sequences.push_back(forks.back().get());
  }
  const auto start = std::chrono::steady_clock::now();
  if (test.is_prompt) {
    decode(sequences, test.tokens, test.depth);
  } else {
    for (uint32_t i = 0; i < test.tokens; ++i) decode(sequences, 1, test.depth + i);
  }
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// Also the warm-up.
BenchTrace BenchRunner::trace(const BenchTest& test) {
  const auto trace_x1 = proc<grok1_trace_x1>("trace_x1");
  TraceState state{{}, info_.experts_used};
  checked([&](auto* err) { return trace_x1(session_.get(), count_experts, &state, err); });
  run_once(test);
  checked([&](auto* err) { return trace_x1(session_.get(), nullptr, nullptr, err); });
  return state.trace;
}

grok1_rates BenchRunner::measure() const {
  grok1_rates rates = GROK1_INIT(grok1_rates);
  if (measures_) checked([&](auto* err) { return grok1_model_measure(model_, 0, 0, &rates, err); });
  return rates;
}

BenchResult BenchRunner::run(const BenchTest& test, uint32_t repetitions) {
  Progress progress(test.name(), Progress::Unit::kTokens);
  progress_ = &progress;
  done_ = 0;
  total_ = test.all_tokens() * (1 + uint64_t{repetitions}) + (test.depth - depth_);
  fill(test.depth);
  BenchResult result{test, work_.of(test, trace(test), rows_per_pass_), {}, 0};
  grok1_rates before = measure();
  for (uint32_t i = 0; i < repetitions; ++i) {
    std::fill(spent_.begin(), spent_.end(), 0);
    const double seconds = run_once(test);
    const double expert_seconds = static_cast<double>(spent_[GROK1_PROFILE_EXPERTS_X1]) / 1e9;
    const grok1_rates after = measure();
    result.samples.push_back({seconds, expert_seconds, mean(before, after)});
    before = after;
  }
  getloadavg(&result.load_average, 1);
  return result;
}

}  // namespace cli
