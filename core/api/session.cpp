#include "core/api/handles.h"

using namespace grok1;

namespace {

Session& session_of(const grok1_sequence* sequence) {
  return *require(sequence, "sequence").session;
}

}  // namespace

grok1_status grok1_session_create(grok1_model* model, const grok1_session_options* options, grok1_session** session,
                                  grok1_error* err) {
  return enter(err, [&] {
    const grok1_session_options known =
        read_struct<grok1_session_options>(options, GROK1_INIT(grok1_session_options), "options");
    const std::shared_ptr<Model>& impl = require(model, "model").impl;
    const LogDelivery delivery(impl->runtime());
    require(session, "session") = new grok1_session{Session::create(impl, known)};
  });
}

void grok1_session_release(grok1_session* session) {
  delete session;
}

grok1_status grok1_sequence_create(grok1_session* session, grok1_sequence** sequence, grok1_error* err) {
  return enter(err, [&] {
    Session& impl = *require(session, "session").impl;
    require(sequence, "sequence");
    const Session::Use use(impl);
    auto made = std::make_unique<grok1_sequence>();
    impl.open(*made);
    *sequence = made.release();
  });
}

grok1_status grok1_sequence_fork(grok1_sequence* sequence, grok1_sequence** fork, grok1_error* err) {
  return enter(err, [&] {
    Session& impl = session_of(sequence);
    require(fork, "fork");
    const Session::Use use(impl);
    auto made = std::make_unique<grok1_sequence>();
    impl.fork(*sequence, *made);
    *fork = made.release();
  });
}

grok1_status grok1_sequence_truncate(grok1_sequence* sequence, size_t n_tokens, grok1_error* err) {
  return enter(err, [&] {
    Session& impl = session_of(sequence);
    const Session::Use use(impl);
    impl.truncate(*sequence, n_tokens);
  });
}

grok1_status grok1_sequence_tokens(const grok1_sequence* sequence, int32_t* tokens, size_t capacity, size_t* count,
                                   grok1_error* err) {
  return enter(err, [&] {
    const Session::Use use(session_of(sequence));
    require(count, "count");
    hand_out(sequence->tokens.data(), sequence->tokens.size(), tokens, capacity, count);
  });
}

void grok1_sequence_release(grok1_sequence* sequence) {
  if (sequence != nullptr) sequence->session->abandon(sequence);
}

grok1_status grok1_decode(grok1_session* session, const grok1_batch* batch, grok1_error* err) {
  return enter(err, [&] {
    Session& impl = *require(session, "session").impl;
    const grok1_batch known = read_struct<grok1_batch>(batch, GROK1_INIT(grok1_batch), "batch", true);
    require(known.sequences, "batch.sequences");
    require(known.n_tokens, "batch.n_tokens");
    require(known.tokens, "batch.tokens");
    const std::shared_ptr<Cancel> cancel = known.cancel != nullptr ? known.cancel->impl : nullptr;
    const LogDelivery delivery(impl.model().runtime());
    const Session::Use use(impl);
    if (known.count > impl.limits().max_sequences) {
      fail(GROK1_E_INVALID_ARGUMENT, "batch.count: 1 .. {} chunks wanted (max_sequences), found {}",
           impl.limits().max_sequences, known.count);
    }
    const std::vector<Sequence*> sequences(known.sequences, known.sequences + known.count);
    impl.decode({sequences, known.n_tokens, known.tokens, known.want_logits, known.n_done, cancel.get()});
  });
}

grok1_status grok1_sequence_logits(const grok1_sequence* sequence, size_t row, float* logits, size_t capacity,
                                   grok1_error* err) {
  return enter(err, [&] {
    Session& impl = session_of(sequence);
    require(logits, "logits");
    const Session::Use use(impl);
    const std::span<const float> values = impl.logits(*sequence, row);
    hand_out(values.data(), values.size(), logits, capacity, nullptr);
  });
}

grok1_status grok1_sequence_log_probabilities(const grok1_sequence* sequence, size_t row, float* out, size_t capacity,
                                              grok1_error* err) {
  return enter(err, [&] {
    Session& impl = session_of(sequence);
    require(out, "log_probabilities");
    const Session::Use use(impl);
    const std::span<const float> values = impl.logits(*sequence, row);
    if (values.size() > capacity) {
      fail(GROK1_E_BUFFER_TOO_SMALL, "room for {} elements wanted, found room for {}", values.size(), capacity);
    }
    log_probabilities(values, out);
  });
}

grok1_status grok1_session_stats(const grok1_session* session, grok1_stats* stats, grok1_error* err) {
  return enter(err, [&] {
    Session& impl = *require(session, "session").impl;
    check_output<grok1_stats>(stats, GROK1_INIT(grok1_stats), "stats");
    const Session::Use use(impl);
    write_struct(stats, impl.stats());
  });
}
