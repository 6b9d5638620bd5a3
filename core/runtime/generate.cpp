#include "core/runtime/generate.h"

#include "core/tokenizer/detokenizer.h"

namespace grok1 {
namespace {

void decode_chunk(Session& session, Sequence* sequence, std::span<const int32_t> tokens, const Cancel* cancel) {
  const auto n = static_cast<uint32_t>(tokens.size());
  session.decode({{&sequence, 1}, &n, tokens.data(), nullptr, nullptr, cancel});
}

// The prompt's tokens, decoded; an empty prompt continues what the sequence has.
void decode_prompt(Session& session, const GenerateRequest& request) {
  const Tokenizer& tokenizer = session.model().require_tokenizer();
  std::vector<int32_t> tokens = tokenizer.encode(request.prompt);
  if ((request.flags & GROK1_GENERATE_ADD_BOS) != 0) tokens.insert(tokens.begin(), session.model().config().bos_id);
  if (!tokens.empty()) {
    decode_chunk(session, request.sequence, tokens, request.cancel);
  } else if (request.sequence->tokens.empty()) {
    fail(GROK1_E_INVALID_ARGUMENT,
         "generate: a prompt of at least one token wanted, found an empty one; give text, GROK1_GENERATE_ADD_BOS, or a "
         "sequence that has tokens and logits");
  }
}

grok1_status generate_tokens(Session& session, const GenerateRequest& request, Detokenizer& detokenizer) {
  const int32_t eos = session.model().config().eos_id;
  for (uint32_t i = 0; i < request.max_tokens; ++i) {
    if (request.cancel != nullptr && request.cancel->requested()) return GROK1_S_CANCELLED;
    const int32_t token = sample_next(session, *request.sequence, *request.sampler);
    if (token == eos && (request.flags & GROK1_GENERATE_IGNORE_EOS) == 0) return GROK1_S_END_OF_TEXT;
    if (request.sequence->tokens.size() >= session.limits().context_tokens) return GROK1_S_CONTEXT_FULL;
    const std::string text = detokenizer.push(token);
    const bool stop = !text.empty() && !request.text(text);
    const bool last = stop || i + 1 == request.max_tokens;
    if (!last || request.keep_all) decode_chunk(session, request.sequence, {&token, 1}, request.cancel);
    if (stop) return GROK1_S_STOPPED;
  }
  return GROK1_OK;
}

}  // namespace

int32_t sample_next(const Session& session, const Sequence& sequence, Sampler& sampler) {
  const std::span<const float> logits = session.last_logits(sequence);
  const Tokenizer* tokenizer = session.model().tokenizer().get();
  if (tokenizer == nullptr) return sampler.sample(logits, sequence.tokens);
  const int32_t never[] = {tokenizer->pad_id(), tokenizer->bos_id(), tokenizer->unk_id()};
  return sampler.sample(logits, sequence.tokens, never);
}

grok1_status generate(Session& session, const GenerateRequest& request) {
  session.model().require_tokenizer();
  try {
    decode_prompt(session, request);
  } catch (const Failure& failure) {
    if (failure.status() != GROK1_E_CANCELLED) throw;
    return GROK1_S_CANCELLED;
  }
  Detokenizer detokenizer(session.model().tokenizer(), request.sequence->tokens.back());
  grok1_status status = GROK1_OK;
  try {
    status = generate_tokens(session, request, detokenizer);
  } catch (const Failure& failure) {
    if (failure.status() != GROK1_E_CANCELLED) throw;
    status = GROK1_S_CANCELLED;
  }
  const std::string rest = detokenizer.finish();
  if (!rest.empty() && status != GROK1_S_STOPPED && !request.text(rest)) status = GROK1_S_STOPPED;
  return status;
}

}  // namespace grok1
