#include "core/runtime/generate.h"

#include <optional>

#include "core/api/handles.h"

using namespace grok1;

namespace {

// Documented at grok1_generate_options.sampler.
grok1_sampler_options default_sampling() {
  grok1_sampler_options options = GROK1_INIT(grok1_sampler_options);
  options.temperature = 0.8f;
  options.top_k = 40;
  options.top_p = 0.95f;
  options.min_p = 0.05f;
  return options;
}

constexpr uint32_t kDefaultMaxTokens = 128;

// A sequence that ends with the call.
struct TemporarySequence {
  explicit TemporarySequence(Session& session) : sequence(new grok1_sequence) {
    try {
      session.open(*sequence);
    } catch (...) {
      delete sequence;
      throw;
    }
  }
  ~TemporarySequence() { sequence->session->abandon(sequence); }
  TemporarySequence(const TemporarySequence&) = delete;
  TemporarySequence& operator=(const TemporarySequence&) = delete;
  grok1_sequence* sequence;
};

}  // namespace

grok1_status grok1_sampler_create(const grok1_sampler_options* options, grok1_sampler** sampler, grok1_error* err) {
  return enter(err, [&] {
    const grok1_sampler_options known =
        read_struct<grok1_sampler_options>(options, GROK1_INIT(grok1_sampler_options), "options");
    require(sampler, "sampler") = new grok1_sampler{Sampler(known), {}};
  });
}

void grok1_sampler_release(grok1_sampler* sampler) {
  delete sampler;
}

grok1_status grok1_sample(grok1_sampler* sampler, const grok1_sequence* sequence, int32_t* token, grok1_error* err) {
  return enter(err, [&] {
    const OneAtATime sampling(require(sampler, "sampler").busy, "sampler");
    Session& session = *require(sequence, "sequence").session;
    require(token, "token");
    const Session::Use use(session);
    *token = sample_next(session, *sequence, sampler->impl);
  });
}

grok1_status grok1_sample_logits(grok1_sampler* sampler, const float* logits, size_t n_logits, const int32_t* recent,
                                 size_t n_recent, int32_t* token, grok1_error* err) {
  return enter(err, [&] {
    const OneAtATime sampling(require(sampler, "sampler").busy, "sampler");
    require(logits, "logits");
    if (n_recent != 0) require(recent, "recent");
    require(token, "token");
    *token = sampler->impl.sample({logits, n_logits}, {recent, n_recent});
  });
}

grok1_status grok1_generate(grok1_session* session, const char* prompt, size_t prompt_size,
                            const grok1_generate_options* options, grok1_text_fn text, void* user, grok1_error* err) {
  return enter(err, [&] {
    Session& impl = *require(session, "session").impl;
    const grok1_generate_options known =
        read_struct<grok1_generate_options>(options, GROK1_INIT(grok1_generate_options), "options");
    if ((known.flags & ~uint32_t{GROK1_GENERATE_IGNORE_EOS | GROK1_GENERATE_ADD_BOS}) != 0) {
      fail(GROK1_E_INVALID_ARGUMENT, "grok1_generate_options.flags: GROK1_GENERATE_* wanted, found {:#x}", known.flags);
    }
    if (known.sequence != nullptr && known.sequence->session.get() != &impl) {
      fail(GROK1_E_INVALID_ARGUMENT, "grok1_generate_options.sequence: one of this session wanted, found another's");
    }
    const std::shared_ptr<Cancel> cancel = known.cancel != nullptr ? known.cancel->impl : nullptr;
    const LogDelivery delivery(impl.model().runtime());
    const Session::Use use(impl);
    std::optional<TemporarySequence> temporary;
    if (known.sequence == nullptr) temporary.emplace(impl);
    std::optional<OneAtATime> sampling;
    if (known.sampler != nullptr) sampling.emplace(known.sampler->busy, "sampler");
    Sampler default_sampler(default_sampling());

    GenerateRequest request;
    request.prompt = read_text(prompt, prompt_size, "prompt");
    request.sampler = known.sampler != nullptr ? &known.sampler->impl : &default_sampler;
    request.sequence = known.sequence != nullptr ? known.sequence : temporary->sequence;
    request.keep_all = known.sequence != nullptr;
    request.cancel = cancel.get();
    request.max_tokens = known.max_tokens != 0 ? known.max_tokens : kDefaultMaxTokens;
    request.flags = known.flags;
    request.text = [&](std::string_view chunk) {
      return text == nullptr || text(user, chunk.data(), chunk.size()) == 0;
    };
    return generate(impl, request);
  });
}
