#include "tests/golden/engine.h"

#include <algorithm>

namespace golden {

void check(grok1_status status, const grok1_error& err) {
  if (status < 0) throw std::runtime_error(std::string(grok1_status_name(status)) + ": " + err.message);
}

Engine::Engine(const std::string& path, const Settings& settings) {
  grok1_model_options options = GROK1_INIT(grok1_model_options);
  options.devices = settings.device.c_str();
  options.backend_options = settings.backend_options.c_str();
  options.cache_type = settings.cache_type;
  options.threads = settings.threads;
  options.max_sequences = settings.max_sequences;
  options.max_batch_tokens = settings.max_batch_tokens;
  options.page_tokens = settings.page_tokens;
  options.tensor_split = settings.tensor_split.c_str();
  options.gpu_layers = settings.gpu_layers;
  options.cpu_experts_layers = settings.cpu_experts_layers;
  options.split = settings.split;
  options.weights = settings.weights;
  options.max_logit_rows = 1024;  // more than any of the tests asks for at once
  const auto runtime = make<Runtime>([](auto** out, auto* err) { return grok1_runtime_create(nullptr, out, err); });
  model_ = make<Model>([&](auto** out, auto* err) {
    return grok1_model_load(runtime.get(), path.data(), path.size(), &options, out, err);
  });
  session_ =
      make<Session>([&](auto** out, auto* err) { return grok1_session_create(model_.get(), nullptr, out, err); });
  if (grok1_model_get_info(model_.get(), &info_) != GROK1_OK) throw std::runtime_error("grok1_model_get_info failed");
}

Sequence Engine::sequence() const {
  return make<Sequence>([&](auto** out, auto* err) { return grok1_sequence_create(session_.get(), out, err); });
}

Sequence Engine::fork(grok1_sequence* sequence) const {
  return make<Sequence>([&](auto** out, auto* err) { return grok1_sequence_fork(sequence, out, err); });
}

std::vector<std::vector<float>> Engine::decode(const std::vector<Chunk>& chunks) const {
  std::vector<grok1_sequence*> sequences;
  std::vector<uint32_t> counts;
  std::vector<int32_t> tokens;
  for (const Chunk& chunk : chunks) {
    sequences.push_back(chunk.sequence);
    counts.push_back(static_cast<uint32_t>(chunk.tokens.size()));
    tokens.insert(tokens.end(), chunk.tokens.begin(), chunk.tokens.end());
  }
  const std::vector<uint8_t> want(chunks.size(), GROK1_LOGITS_ALL);
  grok1_batch batch = GROK1_INIT(grok1_batch);
  batch.sequences = sequences.data();
  batch.n_tokens = counts.data();
  batch.tokens = tokens.data();
  batch.want_logits = want.data();
  batch.count = chunks.size();
  grok1_error err = GROK1_INIT(grok1_error);
  check(grok1_decode(session_.get(), &batch, &err), err);

  const size_t vocab = info_.vocab_size;
  std::vector<std::vector<float>> logits;
  for (const Chunk& chunk : chunks) {
    std::vector<float>& rows = logits.emplace_back(chunk.tokens.size() * vocab);
    for (size_t row = 0; row < chunk.tokens.size(); ++row) {
      check(grok1_sequence_logits(chunk.sequence, row, rows.data() + row * vocab, vocab, &err), err);
    }
  }
  return logits;
}

std::vector<float> Engine::decode_in_pieces(grok1_sequence* sequence, const std::vector<int32_t>& tokens,
                                            const std::vector<size_t>& sizes) const {
  std::vector<float> all;
  size_t piece = 0;
  for (size_t begin = 0; begin < tokens.size(); ++piece) {
    const size_t n = std::min(sizes[std::min(piece, sizes.size() - 1)], tokens.size() - begin);
    const auto first = tokens.begin() + static_cast<ptrdiff_t>(begin);
    const std::vector<float> rows = decode({{sequence, {first, first + static_cast<ptrdiff_t>(n)}}}).front();
    all.insert(all.end(), rows.begin(), rows.end());
    begin += n;
  }
  return all;
}

void Engine::record(void* user, uint32_t what, int32_t layer, const void* data, size_t rows) {
  const auto& target = *static_cast<const TraceTarget*>(user);
  const auto append = [rows](auto& layers, size_t at, const void* from, size_t width) {
    if (layers.size() <= at) layers.resize(at + 1);
    using T = typename std::remove_reference_t<decltype(layers[0])>::value_type;
    const T* values = static_cast<const T*>(from);
    layers[at].insert(layers[at].end(), values, values + rows * width);
  };
  if (what == GROK1_TRACE_HIDDEN_X1) {
    append(target.trace->hidden, static_cast<size_t>(layer + 1), data, target.d_model);
  } else if (what == GROK1_TRACE_EXPERTS_X1) {
    append(target.trace->experts, static_cast<size_t>(layer), data, target.experts_used);
  } else if (what == GROK1_TRACE_GATES_X1) {
    append(target.trace->gates, static_cast<size_t>(layer), data, target.experts_used);
  }
}

void Engine::start_trace(Trace* trace) {
  const auto trace_x1 = reinterpret_cast<grok1_trace_x1>(grok1_get_proc("trace_x1"));
  if (trace_x1 == nullptr) throw std::runtime_error("trace_x1 is missing");
  trace_target_ = {trace, info_.d_model, info_.experts_used};
  grok1_error err = GROK1_INIT(grok1_error);
  check(trace_x1(session_.get(), record, &trace_target_, &err), err);
}

}  // namespace golden
