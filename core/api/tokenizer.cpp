#include "core/api/handles.h"

using namespace grok1;

grok1_status grok1_tokenizer_load(const char* path, size_t path_size, grok1_tokenizer** tokenizer, grok1_error* err) {
  return enter(
      err, [&] { require(tokenizer, "tokenizer") = new grok1_tokenizer{Tokenizer::load(read_path(path, path_size))}; });
}

grok1_status grok1_model_tokenizer(const grok1_model* model, grok1_tokenizer** tokenizer, grok1_error* err) {
  return enter(err, [&] {
    const Model& impl = *require(model, "model").impl;
    impl.require_tokenizer();
    require(tokenizer, "tokenizer") = new grok1_tokenizer{impl.tokenizer()};
  });
}

void grok1_tokenizer_release(grok1_tokenizer* tokenizer) {
  delete tokenizer;
}

grok1_status grok1_tokenizer_get_info(const grok1_tokenizer* tokenizer, grok1_tokenizer_info* info) {
  return enter(nullptr, [&] {
    const Tokenizer& impl = *require(tokenizer, "tokenizer").impl;
    check_output<grok1_tokenizer_info>(info, GROK1_INIT(grok1_tokenizer_info), "info");
    grok1_tokenizer_info value = GROK1_INIT(grok1_tokenizer_info);
    value.vocab_size = impl.size();
    value.unk_id = impl.unk_id();
    value.bos_id = impl.bos_id();
    value.eos_id = impl.eos_id();
    value.pad_id = impl.pad_id();
    value.longest_piece = impl.longest_piece();
    write_struct(info, value);
  });
}

grok1_status grok1_tokenizer_piece(const grok1_tokenizer* tokenizer, int32_t id, grok1_piece_info* info) {
  return enter(nullptr, [&] {
    const Tokenizer::Piece& piece = require(tokenizer, "tokenizer").impl->piece(id);
    check_output<grok1_piece_info>(info, GROK1_INIT(grok1_piece_info), "info");
    grok1_piece_info value = GROK1_INIT(grok1_piece_info);
    value.text = piece.text.c_str();
    value.size = piece.text.size();
    value.score = piece.score;
    value.kind = piece.kind;
    write_struct(info, value);
  });
}

grok1_status grok1_tokenizer_encode(const grok1_tokenizer* tokenizer, const char* text, size_t text_size,
                                    int32_t* tokens, size_t capacity, size_t* count, grok1_error* err) {
  return enter(err, [&] {
    const Tokenizer& impl = *require(tokenizer, "tokenizer").impl;
    require(count, "count");
    const std::vector<int32_t> ids = impl.encode(read_text(text, text_size, "text"));
    hand_out(ids.data(), ids.size(), tokens, capacity, count);
  });
}

grok1_status grok1_tokenizer_decode(const grok1_tokenizer* tokenizer, const int32_t* tokens, size_t n_tokens,
                                    char* text, size_t capacity, size_t* size, grok1_error* err) {
  return enter(err, [&] {
    const Tokenizer& impl = *require(tokenizer, "tokenizer").impl;
    if (n_tokens != 0) require(tokens, "tokens");
    require(size, "size");
    const std::string decoded = impl.decode({tokens, n_tokens});
    hand_out(decoded.data(), decoded.size(), text, capacity, size);
  });
}

grok1_status grok1_detokenizer_create(const grok1_tokenizer* tokenizer, int32_t after, grok1_detokenizer** detokenizer,
                                      grok1_error* err) {
  return enter(err, [&] {
    require(detokenizer, "detokenizer");
    Detokenizer impl(require(tokenizer, "tokenizer").impl, after);
    *detokenizer = new grok1_detokenizer{std::move(impl), {}, {}};
  });
}

grok1_status grok1_detokenizer_push(grok1_detokenizer* detokenizer, int32_t token, const char** text, size_t* size,
                                    grok1_error* err) {
  return enter(err, [&] {
    const OneAtATime use(require(detokenizer, "detokenizer").busy, "detokenizer");
    require(text, "text");
    require(size, "size");
    detokenizer->text = detokenizer->impl.push(token);
    *text = detokenizer->text.data();
    *size = detokenizer->text.size();
  });
}

grok1_status grok1_detokenizer_finish(grok1_detokenizer* detokenizer, const char** text, size_t* size,
                                      grok1_error* err) {
  return enter(err, [&] {
    const OneAtATime use(require(detokenizer, "detokenizer").busy, "detokenizer");
    require(text, "text");
    require(size, "size");
    detokenizer->text = detokenizer->impl.finish();
    *text = detokenizer->text.data();
    *size = detokenizer->text.size();
  });
}

void grok1_detokenizer_release(grok1_detokenizer* detokenizer) {
  delete detokenizer;
}
