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

std::vector<grok1_tensor_info> all_tensors(const grok1_model* model) {
  std::vector<grok1_tensor_info> tensors;
  grok1_tensor_info tensor = GROK1_INIT(grok1_tensor_info);
  while (grok1_model_tensor(model, tensors.size(), &tensor) == GROK1_OK) tensors.push_back(tensor);
  return tensors;
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
  write_stdout(text("%s, %s, %.2f %s parameters, %s in %u files\n", info.name, info.format,
                    (billions ? 1e-9 : 1e-6) * static_cast<double>(info.parameters), billions ? "billion" : "million",
                    file_size(info.file_bytes).c_str(), info.n_files));
  write_stdout(text("layers %u, width %u, heads %u, kv heads %u, head dim %u\n", info.layers, info.d_model, info.heads,
                    info.kv_heads, info.head_dim));
  write_stdout(text("experts %u, used %u, ffn %u; vocabulary %u, context %u tokens\n", info.experts, info.experts_used,
                    info.ffn, info.vocab_size, info.context));
  write_stdout(text("embedding x %.16g, output x %.16g, attention x %.16g, attention soft cap %g\n",
                    info.embedding_multiplier, info.output_multiplier, info.attention_multiplier,
                    info.attention_soft_cap));
  write_stdout(text("rope base %g, norm eps %g; pad %d, bos %d, eos %d; tokenizer: %s\n", info.rope_base,
                    info.rms_norm_eps, info.pad_id, info.bos_id, info.eos_id, info.has_tokenizer ? "yes" : "none"));
}

void print_text(const grok1_model_info& info, const std::vector<grok1_tensor_info>& tensors) {
  print_numbers(info);
  std::map<std::string, uint64_t> bytes;
  for (const grok1_tensor_info& tensor : tensors) bytes[tensor.encoding_name] += tensor.bytes + tensor.scale_bytes;
  for (const auto& [name, size] : bytes) write_stdout(text("%s: %s\n", name.c_str(), file_size(size).c_str()));
  write_stdout("\n");
  for (size_t i = 0; i < tensors.size(); ++i) {
    const grok1_tensor_info& tensor = tensors[i];
    write_stdout(text("%4zu  %-58s %-20s %10s  %s\n", i, tensor.name,
                      shape_text(shape_of(tensor.shape, tensor.rank)).c_str(),
                      file_size(tensor.bytes + tensor.scale_bytes).c_str(), encoding_text(tensor).c_str()));
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

void print_json(const grok1_model_info& info, const std::vector<grok1_tensor_info>& tensors) {
  nlohmann::ordered_json out = config_json(info);
  out["tensors"] = nlohmann::json::array();
  for (const grok1_tensor_info& tensor : tensors) {
    nlohmann::ordered_json item = {{"name", tensor.name},
                                   {"path", tensor.path},
                                   {"encoding", tensor.encoding_name},
                                   {"shape", shape_of(tensor.shape, tensor.rank)},
                                   {"offset", tensor.offset},
                                   {"bytes", tensor.bytes}};
    if (tensor.scale_groups != 0) {
      item["scale_shape"] = shape_of(tensor.scale_shape, tensor.rank);
      item["scale_groups"] = tensor.scale_groups;
      item["scale_offset"] = tensor.scale_offset;
      item["scale_bytes"] = tensor.scale_bytes;
    }
    out["tensors"].push_back(std::move(item));
  }
  write_stdout(out.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

int inspect(const InspectOptions& options) {
  const Model model = probe_model(options.model);
  const grok1_model_info info = model_info(model.get());
  const auto tensors = all_tensors(model.get());
  options.json ? print_json(info, tensors) : print_text(info, tensors);
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
