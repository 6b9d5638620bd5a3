#include "core/runtime/session.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>

namespace grok1 {

// Between layers: cancels, and shows the trace and keeps the profile where they are wanted.
class Session::Observer : public PassObserver {
 public:
  Observer(Session& session, const Cancel* cancel, uint32_t n_rows) : s_(session), cancel_(cancel), n_rows_(n_rows) {
    if (s_.profile_ == nullptr) return;
    ++s_.profile_[GROK1_PROFILE_PASSES_X1];
    last_ = std::chrono::steady_clock::now();
  }

  void before_layer(uint32_t layer) override {
    if (cancel_ != nullptr && cancel_->requested()) {
      fail(GROK1_E_CANCELLED, "the decode was cancelled before layer {}; n_done says how far each sequence came",
           layer);
    }
  }
  void after(Stage stage) override {
    if (s_.profile_ != nullptr) add_to_profile(stage);
    if (stage == Stage::embed && s_.trace_ != nullptr) show_hidden(-1);
  }
  void after_layer(uint32_t layer) override {
    if (s_.trace_ == nullptr) return;
    show_route(static_cast<int32_t>(layer));
    show_hidden(static_cast<int32_t>(layer));
  }

 private:
  // The member that has the residual stream and the routing after a layer; after the embedding, the head's.
  uint32_t member_of(int32_t layer) const {
    const Division& division = s_.memory_->pass().division();
    return layer < 0 ? division.head() : division.home(static_cast<size_t>(layer)).first();
  }
  void show(uint32_t what, int32_t layer, grok1_buffer* buffer) {
    const Member& m = s_.memory_->pass().members[member_of(layer)];
    void* address = nullptr;
    m.device->call(m.device->ops().queue_sync, m.queue);
    m.device->call(m.device->ops().buffer_map, buffer, &address);
    s_.trace_(s_.trace_user_, what, layer, address, n_rows_);
  }
  void show_hidden(int32_t layer) {
    const Pass& pass = s_.memory_->pass();
    const Member& m = pass.members[member_of(layer)];
    grok1_buffer* rows = s_.trace_buffers_[member_of(layer)].rows.get();
    m.device->call(m.device->ops().copy, m.queue, rows, uint64_t{0}, m.h, uint64_t{0}, pass.rows_bytes());
    show(GROK1_TRACE_HIDDEN_X1, layer, rows);
  }
  void show_route(int32_t layer) {
    const Member& m = s_.memory_->pass().members[member_of(layer)];
    const TraceBuffers& to = s_.trace_buffers_[member_of(layer)];
    m.device->call(m.device->ops().route_export, m.step, m.queue, m.route, to.experts.get(), uint64_t{0},
                   to.gates.get(), uint64_t{0});
    show(GROK1_TRACE_EXPERTS_X1, layer, to.experts.get());
    show(GROK1_TRACE_GATES_X1, layer, to.gates.get());
  }

  // Stages have the numbers of GROK1_PROFILE_*_X1.
  void add_to_profile(Stage stage) {
    static_assert(static_cast<int>(Stage::embed) == GROK1_PROFILE_EMBED_X1 &&
                  static_cast<int>(Stage::experts) == GROK1_PROFILE_EXPERTS_X1 &&
                  static_cast<int>(Stage::logits) == GROK1_PROFILE_LOGITS_X1);
    s_.memory_->wait();
    const auto now = std::chrono::steady_clock::now();
    s_.profile_[static_cast<size_t>(stage)] += static_cast<uint64_t>((now - last_).count());
    last_ = now;
  }

  Session& s_;
  const Cancel* cancel_;
  uint32_t n_rows_;
  std::chrono::steady_clock::time_point last_;  // the end of the stage before, where a profile is kept
};

Session::Use::Use(Session& session) : session_(session) {
  if (session.process_ != getpid()) {
    fail(GROK1_E_FORKED, "the session belongs to process {}, and this is a child of it; load the model in the child",
         session.process_);
  }
  if (session.busy_.exchange(true, std::memory_order_acquire)) {
    fail(GROK1_E_BUSY,
         "the session is in use by another call (a callback of it, or another thread); wait until it returns");
  }
  session.reclaim();
}

std::shared_ptr<Session> Session::create(std::shared_ptr<Model> model, const grok1_session_options& options) {
  model->require_weights();
  model->require_devices();
  const Limits limits = resolve_limits(options, model->limits(), model->config());
  try {
    return std::shared_ptr<Session>(new Session(model, limits));
  } catch (const Failure& failure) {
    if (failure.status() == GROK1_E_DEVICE_LOST) model->lose_device(failure);
    throw;
  }
}

Session::Session(std::shared_ptr<Model> model, const Limits& limits)
    : model_(std::move(model)),
      limits_(limits),
      memory_(model_->take_memory(limits)),
      pool_(static_cast<uint32_t>(limits.n_pages())),
      rows_(limits),
      process_(getpid()),
      stats_(GROK1_INIT(grok1_stats)) {
  chunks_.reserve(limits.max_sequences);
  stats_.load_ns = model_->load_ns();
  stats_.kv_tokens_total = limits.n_pages() * limits.page_tokens;
}

Session::~Session() {
  reclaim();
  drop_input_sums();
  model_->give_back(std::move(memory_));
}

void Session::reclaim() noexcept {
  Sequence* sequence = released_.exchange(nullptr, std::memory_order_acquire);
  while (sequence != nullptr) {
    for (const uint32_t page : sequence->pages) pool_.give_back(page);
    delete std::exchange(sequence, sequence->next_released);
  }
  if (input_sums_ != nullptr && input_sums_->is_abandoned()) drop_input_sums();
}

// The steps may serve another session later.
void Session::drop_input_sums() noexcept {
  if (input_sums_ == nullptr) return;
  InputSums::detach(memory_->pass());
  input_sums_.reset();
}

void Session::abandon(Sequence* sequence) noexcept {
  const std::shared_ptr<Session> alive = std::move(sequence->session);  // until the list has it
  sequence->next_released = released_.load(std::memory_order_relaxed);
  while (!released_.compare_exchange_weak(sequence->next_released, sequence, std::memory_order_release)) {}
}

void Session::open(Sequence& sequence) {
  sequence.tokens.reserve(limits_.context_tokens);
  sequence.pages.reserve(limits_.pages_per_sequence());
  sequence.session = shared_from_this();
}

void Session::fork(const Sequence& from, Sequence& to) {
  open(to);
  to.tokens.assign(from.tokens.begin(), from.tokens.end());
  to.pages.assign(from.pages.begin(), from.pages.end());
  for (const uint32_t page : to.pages) pool_.share(page);
  to.logits_of = from.logits_of;
  to.first_logit_row = from.first_logit_row;
  to.n_logit_rows = from.n_logit_rows;
}

void Session::truncate(Sequence& sequence, size_t n_tokens) {
  if (n_tokens > sequence.tokens.size()) {
    fail(GROK1_E_OUT_OF_RANGE, "truncate: at most {} tokens wanted (the sequence's length), found {}",
         sequence.tokens.size(), n_tokens);
  }
  if (n_tokens == sequence.tokens.size()) return;
  sequence.tokens.resize(n_tokens);
  const size_t pages = (n_tokens + limits_.page_tokens - 1) / limits_.page_tokens;
  while (sequence.pages.size() > pages) {
    pool_.give_back(sequence.pages.back());
    sequence.pages.pop_back();
  }
  sequence.n_logit_rows = 0;
}

void Session::check_tokens(const Chunk& chunk, size_t index) const {
  const auto vocab = static_cast<int32_t>(model_->config().vocab_size);
  for (uint32_t i = 0; i < chunk.n; ++i) {
    if (chunk.tokens[i] >= 0 && chunk.tokens[i] < vocab) continue;
    fail(GROK1_E_OUT_OF_RANGE, "chunk {}, token {}: an id in 0 .. {} wanted, found {}", index, i, vocab - 1,
         chunk.tokens[i]);
  }
  if (uint64_t{chunk.n_before} + chunk.n > limits_.context_tokens) {
    fail(
        GROK1_E_CONTEXT_FULL,
        "chunk {}: room for {} tokens wanted, found room for {} (the sequence has {} of {}); truncate the sequence, or "
        "load with more context_tokens",
        index, chunk.n, limits_.context_tokens - chunk.n_before, chunk.n_before, limits_.context_tokens);
  }
}

// Checks everything about the request and makes its chunks; changes nothing else.
void Session::accept(const DecodeRequest& request) {
  chunks_.clear();
  if (request.sequences.empty() || request.sequences.size() > limits_.max_sequences) {
    fail(GROK1_E_INVALID_ARGUMENT, "batch.count: 1 .. {} chunks wanted (max_sequences), found {}",
         limits_.max_sequences, request.sequences.size());
  }
  const int32_t* tokens = request.tokens;
  uint64_t n_logit_rows = 0;
  for (size_t i = 0; i < request.sequences.size(); ++i) {
    Sequence* sequence = request.sequences[i];
    const auto same = [&](const Chunk& chunk) { return chunk.sequence == sequence; };
    if (sequence == nullptr || sequence->session.get() != this || std::any_of(chunks_.begin(), chunks_.end(), same)) {
      fail(GROK1_E_INVALID_ARGUMENT,
           "batch.sequences[{}]: a sequence of this session that occurs once wanted, found {}", i,
           sequence == nullptr               ? "NULL"
           : sequence->session.get() != this ? "one of another session"
                                             : "it twice");
    }
    Chunk chunk;
    chunk.sequence = sequence;
    chunk.tokens = tokens;
    chunk.n = request.n_tokens[i];
    chunk.want_logits = GROK1_LOGITS_LAST;
    if (request.want_logits != nullptr) chunk.want_logits = request.want_logits[i];
    chunk.n_before = static_cast<uint32_t>(sequence->tokens.size());
    chunk.first_logit_row = static_cast<uint32_t>(n_logit_rows);
    if (chunk.n == 0) fail(GROK1_E_INVALID_ARGUMENT, "batch.n_tokens[{}]: at least 1 wanted, found 0", i);
    if (chunk.want_logits > GROK1_LOGITS_ALL) {
      fail(GROK1_E_INVALID_ARGUMENT, "batch.want_logits[{}]: GROK1_LOGITS_* wanted, found {}", i, chunk.want_logits);
    }
    check_tokens(chunk, i);
    tokens += chunk.n;
    n_logit_rows += chunk.n_logit_rows();
    chunks_.push_back(std::move(chunk));
  }
  if (n_logit_rows > limits_.max_logit_rows) {
    fail(GROK1_E_INVALID_ARGUMENT,
         "batch.want_logits: at most {} rows wanted (max_logit_rows), found {}; ask for fewer, or "
         "make a session with more max_logit_rows",
         limits_.max_logit_rows, n_logit_rows);
  }
}

void Session::run_pass(uint64_t first_logit_row, const Cancel* cancel) {
  const grok1_step_data data = rows_.data();
  const Pass& pass = memory_->set(data, first_logit_row);
  Observer observer(*this, cancel, data.n_rows);
  forward(pass, observer);
  memory_->wait();
  ++stats_.passes;
}

// All passes of the batch. Rows of logits come chunk by chunk, as PassRows takes the chunks in order.
void Session::run_passes(const Cancel* cancel) {
  uint64_t n_logit_rows = 0;
  while (rows_.fill(chunks_)) {
    run_pass(n_logit_rows, cancel);
    n_logit_rows += rows_.n_logit_rows();
    rows_.finish(chunks_);
  }
}

void Session::hand_out_logits() {
  uint64_t n = 0;
  for (const Chunk& chunk : chunks_) n += chunk.n_rows_done;
  memory_->fetch_logits(n);
  for (const Chunk& chunk : chunks_) {
    chunk.sequence->logits_of = n_decodes_;
    chunk.sequence->first_logit_row = chunk.first_logit_row;
    chunk.sequence->n_logit_rows = chunk.n_rows_done;
  }
}

void Session::decode(const DecodeRequest& request) {
  const auto start = std::chrono::steady_clock::now();
  accept(request);
  model_->require_devices();
  if (model_->weights().in_place) model_->source().require_unchanged();
  ++n_decodes_;  // drops all logits
  Transaction transaction(pool_, limits_, chunks_);
  const auto finish = [&] {
    hand_out_logits();
    for (size_t i = 0; i < chunks_.size() && request.n_done != nullptr; ++i) request.n_done[i] = chunks_[i].n_done;
    transaction.commit();
    bool has_prompt = false;
    uint64_t n_tokens = 0;
    for (const Chunk& chunk : chunks_) {
      has_prompt = has_prompt || chunk.n > 1;
      n_tokens += chunk.n_done;
    }
    (has_prompt ? stats_.prompt_tokens : stats_.generated_tokens) += n_tokens;
    (has_prompt ? stats_.prompt_ns : stats_.generated_ns) +=
        static_cast<uint64_t>((std::chrono::steady_clock::now() - start).count());
  };
  try {
    for (const Transaction::Copy& copy : transaction.copies()) memory_->copy_page(copy.from, copy.to, copy.n_tokens);
    run_passes(request.cancel);
    finish();
  } catch (const Failure& failure) {
    memory_->drain();
    if (failure.status() == GROK1_E_CANCELLED) finish();  // whole passes stay
    if (failure.status() == GROK1_E_DEVICE_LOST) model_->lose_device(failure);
    throw;
  }
}

std::span<const float> Session::logits(const Sequence& sequence, size_t row) const {
  if (sequence.logits_of != n_decodes_ || n_decodes_ == 0 || row >= sequence.n_logit_rows) {
    const uint32_t has = sequence.logits_of == n_decodes_ && n_decodes_ != 0 ? sequence.n_logit_rows : 0;
    fail(GROK1_E_OUT_OF_RANGE,
         "logits row {}: the sequence has {} rows of logits; they are dropped by the session's next decode and by "
         "truncate, "
         "and made only where want_logits asked for them",
         row, has);
  }
  const size_t vocab = model_->config().vocab_size;
  return {memory_->host_logits() + (sequence.first_logit_row + row) * vocab, vocab};
}

std::span<const float> Session::last_logits(const Sequence& sequence) const {
  return logits(sequence, sequence.n_logit_rows == 0 ? 0 : sequence.n_logit_rows - 1);
}

void Session::set_trace(grok1_trace_fn_x1 trace, void* user) {
  if (trace != nullptr && trace_buffers_.empty()) {
    const grok1_model_desc& desc = model_->weights().desc;
    const uint64_t rows = limits_.max_batch_tokens, choices = rows * desc.experts_used;
    std::vector<TraceBuffers> made;
    for (const Member& m : memory_->pass().members) {
      made.push_back({m.device->buffer(rows * desc.d_model * sizeof(float), GROK1_MEMORY_HOST),
                      m.device->buffer(choices * sizeof(int32_t), GROK1_MEMORY_HOST),
                      m.device->buffer(choices * sizeof(float), GROK1_MEMORY_HOST)});
    }
    trace_buffers_ = std::move(made);
  }
  trace_ = trace;
  trace_user_ = user;
}

std::shared_ptr<InputSums> Session::sum_inputs() {
  if (input_sums_ != nullptr) {
    fail(GROK1_E_INVALID_ARGUMENT, "session: one without an imatrix wanted, found one that has it; release that first");
  }
  const Pass& pass = memory_->pass();
  std::vector<std::string> devices;
  for (const Member& m : pass.members) devices.push_back(m.device->name());
  auto sums = std::make_shared<InputSums>(pass.weights->desc, pass.division(), std::move(devices));
  sums->attach(pass);
  return input_sums_ = std::move(sums);
}

grok1_stats Session::stats() const {
  grok1_stats stats = stats_;
  stats.kv_tokens_used = uint64_t{pool_.size() - pool_.n_free()} * limits_.page_tokens;
  return stats;
}

}  // namespace grok1
