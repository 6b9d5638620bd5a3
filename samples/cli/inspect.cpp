// grok1 inspect: what a model's files say about it: numbers, tensors, encodings, sizes. Reads headers only.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

#include "commands.h"
#include "files.h"
#include "model.h"
#include "text.h"

namespace cli {
namespace {

struct InspectOptions {
  ModelOptions model;
  bool json = false;
};

struct Inspected {
  grok1_model_info info;
  std::vector<grok1_tensor_info> tensors;
  std::vector<std::vector<grok1_tensor_info>> parts;  // of each tensor
  std::vector<std::string> warnings;
  grok1_tokenizer_info tokenizer = GROK1_INIT(grok1_tokenizer_info);  // vocab_size 0: none
};

std::vector<grok1_tensor_info> parts_of(const grok1_model* model, size_t index) {
  std::vector<grok1_tensor_info> parts;
  grok1_tensor_info part = GROK1_INIT(grok1_tensor_info);
  while (grok1_model_tensor_part(model, index, parts.size(), &part) == GROK1_OK) parts.push_back(part);
  return parts;
}

Inspected look_at(const grok1_model* model) {
  Inspected found{model_info(model), {}, {}, {}, GROK1_INIT(grok1_tokenizer_info)};
  grok1_tensor_info tensor = GROK1_INIT(grok1_tensor_info);
  for (size_t i = 0; grok1_model_tensor(model, i, &tensor) == GROK1_OK; ++i) {
    found.tensors.push_back(tensor);
    found.parts.push_back(parts_of(model, i));
  }
  for (const char* text = nullptr; grok1_model_warning(model, found.warnings.size(), &text) == GROK1_OK;)
    found.warnings.emplace_back(text);
  if (found.info.has_tokenizer == 0) return found;
  const auto tokenizer = make<Tokenizer>([&](auto** out, auto* err) { return grok1_model_tokenizer(model, out, err); });
  if (const grok1_status status = grok1_tokenizer_get_info(tokenizer.get(), &found.tokenizer); status < 0)
    throw Stop(exit_code_of(status), grok1_status_name(status));
  return found;
}

// What is stored in one encoding.
struct Total {
  uint64_t tensors = 0, weights = 0, bytes = 0;
  double bits_per_weight() const { return 8.0 * static_cast<double>(bytes) / static_cast<double>(weights); }
};

std::map<std::string, Total> totals_of(const std::vector<grok1_tensor_info>& tensors) {
  std::map<std::string, Total> totals;
  for (const grok1_tensor_info& tensor : tensors) {
    uint64_t weights = 1;
    for (uint32_t i = 0; i < tensor.rank; ++i) weights *= tensor.shape[i];
    Total& total = totals[tensor.encoding_name];
    ++total.tensors;
    total.weights += weights;
    total.bytes += tensor.bytes + tensor.scale_bytes;
  }
  return totals;
}

Total sum_of(const std::map<std::string, Total>& totals) {
  Total sum;
  for (const auto& [name, total] : totals) {
    sum.tensors += total.tensors;
    sum.weights += total.weights;
    sum.bytes += total.bytes;
  }
  return sum;
}

std::vector<uint64_t> shape_of(const uint64_t (&shape)[4], uint32_t rank) {
  return {shape, shape + std::min(rank, 4u)};
}

std::string shape_text(const std::vector<uint64_t>& shape) {
  std::string out = "[";
  for (const uint64_t size : shape) out += (out.size() > 1 ? ", " : "") + std::to_string(size);
  return out + "]";
}

std::string encoding_text(const grok1_tensor_info& tensor) {
  std::string out = tensor.encoding_name;
  if (tensor.scale_groups == 0) return out;
  const char* scale = tensor.scale_encoding == GROK1_ENCODING_BF16 ? "bf16" : "f32";
  return out + text(", %s scales %s", scale, shape_text(shape_of(tensor.scale_shape, tensor.rank)).c_str());
}

void print_numbers(const grok1_model_info& info) {
  const bool billions = info.parameters >= 1000000000;
  write_stdout(text("%s, %s, %.2f %s parameters, %s in %u file%s\n", info.name, info.format,
                    (billions ? 1e-9 : 1e-6) * static_cast<double>(info.parameters), billions ? "billion" : "million",
                    file_size(info.file_bytes).c_str(), info.n_files, info.n_files == 1 ? "" : "s"));
  write_stdout(text("layers %u, width %u, heads %u, kv heads %u, head dim %u\n", info.layers, info.d_model, info.heads,
                    info.kv_heads, info.head_dim));
  write_stdout(text("experts %u, used %u, ffn %u; vocabulary %u, context %u tokens\n", info.experts, info.experts_used,
                    info.ffn, info.vocab_size, info.context));
  write_stdout(text("embedding x %.16g, output x %.16g, attention x %.16g, attention soft cap %g\n",
                    info.embedding_multiplier, info.output_multiplier, info.attention_multiplier,
                    info.attention_soft_cap));
  write_stdout(text("rope base %g, norm eps %g; pad %d, bos %d, eos %d; ", info.rope_base, info.rms_norm_eps,
                    info.pad_id, info.bos_id, info.eos_id));
}

void print_tokenizer(const grok1_tokenizer_info& tokenizer) {
  if (tokenizer.vocab_size == 0) return write_stdout("tokenizer: none\n");
  write_stdout(text("tokenizer: %u pieces, unk %d, bos %d, eos %d, pad %d\n", tokenizer.vocab_size, tokenizer.unk_id,
                    tokenizer.bos_id, tokenizer.eos_id, tokenizer.pad_id));
}

void print_total(const std::string& name, const Total& total) {
  write_stdout(text("%s: %s in %llu tensors, %.2f bits per weight\n", name.c_str(), file_size(total.bytes).c_str(),
                    static_cast<unsigned long long>(total.tensors), total.bits_per_weight()));
}

std::string range_text(const char* what, uint64_t begin, uint64_t end, uint64_t all) {
  if (begin == 0 && end == all) return "";
  const auto number = [](uint64_t n) { return std::to_string(n); };
  return std::string(", ") + what +
         (end - begin == 1 ? " " + number(begin) : "s " + number(begin) + "-" + number(end - 1));
}

// "  blk.0.ffn_gate.3.weight  expert 3  1.2 GB at byte 4096 of model.gguf"
void print_part(const grok1_tensor_info& whole, const grok1_tensor_info& part) {
  const std::string place = range_text("expert", part.expert_begin, part.expert_end, whole.expert_end) +
                            range_text("row", part.row_begin, part.row_end, whole.row_end) +
                            range_text("column", part.column_begin, part.column_end, whole.column_end);
  write_stdout(text("        %s%s: %s at byte %llu of %s\n", part.name, place.c_str(), file_size(part.bytes).c_str(),
                    static_cast<unsigned long long>(part.offset), part.path));
}

void print_text(const Inspected& found) {
  print_numbers(found.info);
  print_tokenizer(found.tokenizer);
  for (const std::string& warning : found.warnings) write_stdout("warning: " + warning + "\n");
  const auto totals = totals_of(found.tensors);
  for (const auto& [name, total] : totals) print_total(name, total);
  print_total("all", sum_of(totals));
  write_stdout("\n");
  for (size_t i = 0; i < found.tensors.size(); ++i) {
    const grok1_tensor_info& tensor = found.tensors[i];
    write_stdout(text("%4zu  %-58s %-20s %10s  %s\n", i, tensor.name,
                      shape_text(shape_of(tensor.shape, tensor.rank)).c_str(),
                      file_size(tensor.bytes + tensor.scale_bytes).c_str(), encoding_text(tensor).c_str()));
    if (tensor.n_parts == 1) continue;
    for (const grok1_tensor_info& part : found.parts[i]) print_part(tensor, part);
  }
}

nlohmann::ordered_json config_json(const grok1_model_info& info) {
  return {{"name", info.name},
          {"format", info.format},
          {"encoding", info.encoding},
          {"parameters", info.parameters},
          {"file_bytes", info.file_bytes},
          {"files", info.n_files},
          {"layers", info.layers},
          {"d_model", info.d_model},
          {"heads", info.heads},
          {"kv_heads", info.kv_heads},
          {"head_dim", info.head_dim},
          {"ffn", info.ffn},
          {"experts", info.experts},
          {"experts_used", info.experts_used},
          {"vocab_size", info.vocab_size},
          {"context", info.context},
          {"embedding_multiplier", info.embedding_multiplier},
          {"output_multiplier", info.output_multiplier},
          {"attention_multiplier", info.attention_multiplier},
          {"attention_soft_cap", info.attention_soft_cap},
          {"rope_base", info.rope_base},
          {"rms_norm_eps", info.rms_norm_eps},
          {"pad_id", info.pad_id},
          {"bos_id", info.bos_id},
          {"eos_id", info.eos_id},
          {"has_tokenizer", info.has_tokenizer != 0}};
}

nlohmann::ordered_json tokenizer_json(const grok1_tokenizer_info& tokenizer) {
  if (tokenizer.vocab_size == 0) return nullptr;
  return {{"pieces", tokenizer.vocab_size}, {"unk_id", tokenizer.unk_id}, {"bos_id", tokenizer.bos_id},
          {"eos_id", tokenizer.eos_id},     {"pad_id", tokenizer.pad_id}, {"longest_piece", tokenizer.longest_piece}};
}

nlohmann::ordered_json total_json(const Total& total) {
  return {{"tensors", total.tensors},
          {"weights", total.weights},
          {"bytes", total.bytes},
          {"bits_per_weight", total.bits_per_weight()}};
}

nlohmann::ordered_json part_json(const grok1_tensor_info& part) {
  return {{"name", part.name},
          {"path", part.path},
          {"offset", part.offset},
          {"bytes", part.bytes},
          {"experts", {part.expert_begin, part.expert_end}},
          {"rows", {part.row_begin, part.row_end}},
          {"columns", {part.column_begin, part.column_end}}};
}

nlohmann::ordered_json tensor_json(const grok1_tensor_info& tensor, const std::vector<grok1_tensor_info>& parts) {
  nlohmann::ordered_json item = {{"name", tensor.name},
                                 {"path", tensor.path},
                                 {"encoding", tensor.encoding_name},
                                 {"shape", shape_of(tensor.shape, tensor.rank)},
                                 {"transposed", tensor.transposed != 0},
                                 {"offset", tensor.offset},
                                 {"bytes", tensor.bytes}};
  if (tensor.scale_groups != 0) {
    item["scale_shape"] = shape_of(tensor.scale_shape, tensor.rank);
    item["scale_groups"] = tensor.scale_groups;
    item["scale_offset"] = tensor.scale_offset;
    item["scale_bytes"] = tensor.scale_bytes;
  }
  if (tensor.n_parts == 1) return item;
  for (const grok1_tensor_info& part : parts) item["parts"].push_back(part_json(part));
  return item;
}

void print_json(const Inspected& found) {
  nlohmann::ordered_json out = config_json(found.info);
  out["tokenizer"] = tokenizer_json(found.tokenizer);
  out["warnings"] = found.warnings;
  const auto totals = totals_of(found.tensors);
  for (const auto& [name, total] : totals) out["totals"][name] = total_json(total);
  out["totals"]["all"] = total_json(sum_of(totals));
  out["tensors"] = nlohmann::json::array();
  for (size_t i = 0; i < found.tensors.size(); ++i)
    out["tensors"].push_back(tensor_json(found.tensors[i], found.parts[i]));
  write_stdout(out.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

int inspect(const InspectOptions& options) {
  const Model model = probe_model(options.model);
  const Inspected found = look_at(model.get());
  options.json ? print_json(found) : print_text(found);
  return kOk;
}

}  // namespace

void add_inspect(CLI::App& app, Action& action) {
  auto* sub = app.add_subcommand("inspect", "Show a model's numbers, tensors, encodings and sizes");
  const auto options = std::make_shared<InspectOptions>();
  add_model_option(*sub, options->model);
  sub->add_flag("--json", options->json, "Print JSON");
  sub->callback([options, &action] { action = [options] { return inspect(*options); }; });
}

}  // namespace cli
