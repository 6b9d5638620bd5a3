// grok1 tokenize: text to token ids and back. Needs a tokenizer only, no weights and no backend.
#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

#include "commands.h"
#include "files.h"
#include "model.h"

namespace cli {
namespace {

struct TokenizeOptions {
  ModelOptions model;
  std::string file = "-";
  std::string prompt;
  bool has_prompt = false;
  bool pieces = false;
  bool decode = false;
};

// -m names a model, or a tokenizer.model itself: by its ending, as weights too can be a single file.
Tokenizer open_tokenizer(const ModelOptions& options) {
  std::string path = options.tokenizer;
  const std::filesystem::path given(options.path);
  if (path.empty() && given.extension() == ".model" && !std::filesystem::is_directory(given)) path = options.path;
  if (!path.empty())
    return make<Tokenizer>(
        [&](auto** out, auto* err) { return grok1_tokenizer_load(path.data(), path.size(), out, err); });
  const Model model = probe_model(options);
  return make<Tokenizer>([&](auto** out, auto* err) { return grok1_model_tokenizer(model.get(), out, err); });
}

std::vector<int32_t> encode(const grok1_tokenizer* tokenizer, const std::string& input) {
  std::vector<int32_t> ids(input.size() + 1);  // a first guess; unusual bytes can need more
  for (;;) {
    size_t count = 0;
    grok1_error err = GROK1_INIT(grok1_error);
    const grok1_status status =
        grok1_tokenizer_encode(tokenizer, input.data(), input.size(), ids.data(), ids.size(), &count, &err);
    ids.resize(status == GROK1_OK || status == GROK1_E_BUFFER_TOO_SMALL ? count : 0);
    if (status != GROK1_E_BUFFER_TOO_SMALL) return check(status, err), ids;
  }
}

std::string decode(const grok1_tokenizer* tokenizer, const std::vector<int32_t>& ids) {
  size_t size = 0;
  grok1_error err = GROK1_INIT(grok1_error);
  grok1_status status = grok1_tokenizer_decode(tokenizer, ids.data(), ids.size(), nullptr, 0, &size, &err);
  if (status != GROK1_E_BUFFER_TOO_SMALL) check(status, err);
  std::string out(size, '\0');
  checked([&](auto* e) {
    return grok1_tokenizer_decode(tokenizer, ids.data(), ids.size(), out.data(), out.size(), &size, e);
  });
  return out;
}

void print_pieces(const grok1_tokenizer* tokenizer, const std::vector<int32_t>& ids) {
  for (const int32_t id : ids) {
    grok1_piece_info piece = GROK1_INIT(grok1_piece_info);
    if (const grok1_status status = grok1_tokenizer_piece(tokenizer, id, &piece); status < 0)
      throw Stop(exit_code_of(status), grok1_status_name(status));
    const nlohmann::json quoted = std::string(piece.text, piece.size);
    write_stdout(quoted.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
  }
}

void print_ids(const std::vector<int32_t>& ids) {
  std::string line;
  for (const int32_t id : ids) line += (line.empty() ? "" : " ") + std::to_string(id);
  write_stdout(line + "\n");
}

int tokenize(const TokenizeOptions& options) {
  const Tokenizer tokenizer = open_tokenizer(options.model);
  if (options.decode) {
    grok1_tokenizer_info info = GROK1_INIT(grok1_tokenizer_info);
    const TokenFile tokens = read_tokens(options.file);
    if (grok1_tokenizer_get_info(tokenizer.get(), &info) == GROK1_OK) tokens.require_below(info.vocab_size);
    write_stdout(decode(tokenizer.get(), tokens.ids));
    return kOk;
  }
  const auto ids = encode(tokenizer.get(), options.has_prompt ? options.prompt : read_file(options.file));
  options.pieces ? print_pieces(tokenizer.get(), ids) : print_ids(ids);
  return kOk;
}

}  // namespace

void add_tokenize(CLI::App& app, Action& action) {
  auto* sub = app.add_subcommand("tokenize", "Turn text into token ids, or ids into text");
  const auto options = std::make_shared<TokenizeOptions>();
  add_model_option(*sub, options->model);
  sub->get_option("--model")->description("Model: what grok1 run takes, or a tokenizer (NAME.model)");
  auto* file = sub->add_option("--file", options->file, "Input, bytes unchanged; '-' or nothing: stdin");
  auto* prompt = sub->add_option("-p,--prompt", options->prompt, "Input as an argument")->excludes(file);
  auto* pieces = sub->add_flag("--pieces", options->pieces, "Print the pieces, one JSON string a line");
  sub->add_flag("--decode", options->decode, "Read token ids, print their text")->excludes(pieces)->excludes(prompt);
  sub->callback([options, prompt, &action] {
    options->has_prompt = prompt->count() > 0;
    action = [options] { return tokenize(*options); };
  });
}

}  // namespace cli
