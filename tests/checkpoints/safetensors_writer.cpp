#include "tests/checkpoints/safetensors_writer.h"

#include <bit>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace checkpoints {
namespace {

namespace fs = std::filesystem;
using grok1::TensorRole;
using Json = nlohmann::json;

std::string little_endian(uint64_t value, int size) {
  std::string bytes;
  for (int i = 0; i < size; ++i) bytes += static_cast<char>(value >> (8 * i) & 0xff);
  return bytes;
}

// Round to nearest even; the golden weights have no NaN.
uint16_t bf16_of(float value) {
  const auto bits = std::bit_cast<uint32_t>(value);
  return static_cast<uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

std::string encoded(float value, const std::string& dtype) {
  if (dtype == "BF16") return little_endian(bf16_of(value), 2);
  if (dtype == "F16") return little_endian(std::bit_cast<uint16_t>(static_cast<_Float16>(value)), 2);
  if (dtype == "F32") return little_endian(std::bit_cast<uint32_t>(value), 4);
  throw std::invalid_argument(dtype);
}

std::string keyfan_name(const Weight& w) {
  const std::string layer = "transformer.decoder_layer." + std::to_string(w.layer) + ".",
                    expert = layer + "moe." + std::to_string(w.expert) + ".";
  switch (w.role) {
    case TensorRole::kEmbedding: return "transformer.in_out_embed.weight";
    case TensorRole::kFinalNorm: return "transformer.rms_norm.weight";
    case TensorRole::kHead: return "lm_head.weight";
    case TensorRole::kQuery: return layer + "multi_head_attention.query.weight";
    case TensorRole::kKey: return layer + "multi_head_attention.key.weight";
    case TensorRole::kValue: return layer + "multi_head_attention.value.weight";
    case TensorRole::kAttentionOut: return layer + "multi_head_attention.linear.weight";
    case TensorRole::kPreAttentionNorm: return layer + "rms_norm.weight";
    case TensorRole::kPostAttentionNorm: return layer + "rms_norm_1.weight";
    case TensorRole::kPreMoeNorm: return layer + "rms_norm_2.weight";
    case TensorRole::kPostMoeNorm: return layer + "rms_norm_3.weight";
    case TensorRole::kRouter: return layer + "router.weight";
    case TensorRole::kGate: return expert + "linear.weight";
    case TensorRole::kUp: return expert + "linear_v.weight";
    case TensorRole::kDown: return expert + "linear_1.weight";
  }
  throw std::invalid_argument("role");
}

std::string layered_name(const Weight& w, bool sglang) {
  const std::string layer = "model.layers." + std::to_string(w.layer) + ".",
                    attention = layer + (sglang ? "self_attn." : "attn."),
                    moe = layer + (sglang ? "block_sparse_moe." : "moe_block."),
                    expert = moe + "experts." + std::to_string(w.expert) + ".", norm = sglang ? ".weight" : ".scale";
  switch (w.role) {
    case TensorRole::kEmbedding: return "model.embed_tokens.weight";
    case TensorRole::kFinalNorm: return "model.norm" + norm;
    case TensorRole::kHead: return "lm_head.weight";
    case TensorRole::kQuery: return attention + "q_proj.weight";
    case TensorRole::kKey: return attention + "k_proj.weight";
    case TensorRole::kValue: return attention + "v_proj.weight";
    case TensorRole::kAttentionOut: return attention + "o_proj.weight";
    case TensorRole::kPreAttentionNorm: return layer + "pre_attn_norm" + norm;
    case TensorRole::kPostAttentionNorm: return layer + "post_attn_norm" + norm;
    case TensorRole::kPreMoeNorm: return layer + "pre_moe_norm" + norm;
    case TensorRole::kPostMoeNorm: return layer + "post_moe_norm" + norm;
    case TensorRole::kRouter: return moe + "gate.weight";
    case TensorRole::kGate: return expert + (sglang ? "w1.weight" : "linear.weight");
    case TensorRole::kUp: return expert + (sglang ? "w3.weight" : "linear_v.weight");
    case TensorRole::kDown: return expert + (sglang ? "w2.weight" : "linear_1.weight");
  }
  throw std::invalid_argument("role");
}

// Rows (axis 0) or columns (axis 1) begin to end of a matrix.
Weight slice(const Weight& whole, size_t axis, uint64_t begin, uint64_t end) {
  Weight part{whole.role, whole.layer, whole.expert, whole.shape, {}};
  part.shape[axis] = end - begin;
  for (uint64_t row = 0; row < whole.shape[0]; ++row) {
    if (axis == 0 && (row < begin || row >= end)) continue;
    const auto line = whole.values.begin() + static_cast<ptrdiff_t>(row * whole.shape[1]);
    const uint64_t from = axis == 0 ? 0 : begin, to = axis == 0 ? whole.shape[1] : end;
    part.values.insert(part.values.end(), line + static_cast<ptrdiff_t>(from), line + static_cast<ptrdiff_t>(to));
  }
  return part;
}

bool is_row_parallel(TensorRole role) {
  return role == TensorRole::kAttentionOut || role == TensorRole::kDown;
}

// Two ranks, the first with the larger half; norms in the common file, routers in both ranks, keys whole in the common
// one, as SGLang's files have what they do not cut.
void write_shards(const fs::path& folder, const std::vector<Weight>& weights, const HfOptions& options) {
  std::vector<StoredTensor> ranks[2], common;
  for (const Weight& weight : weights) {
    const std::string name = hf_tensor_name(options.naming, weight);
    if (weight.shape.size() == 1 || weight.role == TensorRole::kKey) {
      common.push_back(stored(name, options.dtype, weight));
    } else if (weight.role == TensorRole::kRouter) {
      for (auto& rank : ranks) rank.push_back(stored(name, options.dtype, weight));
    } else {
      const size_t axis = is_row_parallel(weight.role) ? 1 : 0;
      const uint64_t size = weight.shape[axis], half = (size + 1) / 2;
      ranks[0].push_back(stored(name, options.dtype, slice(weight, axis, 0, half)));
      ranks[1].push_back(stored(name, options.dtype, slice(weight, axis, half, size)));
    }
  }
  write_safetensors((folder / "pytorch_model-00001-TP-000.safetensors").string(), ranks[0]);
  write_safetensors((folder / "pytorch_model-00001-TP-001.safetensors").string(), ranks[1]);
  write_safetensors((folder / "pytorch_model-00000-TP-common.safetensors").string(), common);
}

void write_files(const fs::path& folder, const std::vector<Weight>& weights, const HfOptions& options) {
  constexpr size_t kFiles = 3;
  std::vector<StoredTensor> files[kFiles];
  Json index = {{"metadata", {{"total_size", 0}}}, {"weight_map", Json::object()}};
  for (size_t i = 0; i < weights.size(); ++i) {
    const size_t file = i * 5 % kFiles;  // an expert's neighbours are elsewhere
    const std::string name = hf_tensor_name(options.naming, weights[i]);
    files[file].push_back(stored(name, options.dtype, weights[i]));
    index["weight_map"][name] = "model-0000" + std::to_string(file + 1) + "-of-00003.safetensors";
  }
  for (size_t i = 0; i < kFiles; ++i) {
    write_safetensors((folder / ("model-0000" + std::to_string(i + 1) + "-of-00003.safetensors")).string(), files[i]);
  }
  if (options.layout == Layout::kIndexed)
    std::ofstream(folder / "model.safetensors.index.json") << index.dump(2) << '\n';
}

void write_config(const std::string& case_folder, const fs::path& folder, const HfOptions& options) {
  std::ifstream in(case_folder + "/config.json");
  Json config = Json::parse(in);
  config["torch_dtype"] = options.dtype == "F32" ? "float32" : options.dtype == "F16" ? "float16" : "bfloat16";
  if (options.naming != Naming::kHpcai) {
    config["num_local_experts"] = config["num_experts"];
    config.erase("num_experts");
  }
  if (options.naming == Naming::kKeyfan) config["hidden_act"] = "gelu_new";
  if (options.naming == Naming::kSglang) {
    config["attn_logit_softcapping"] = config["max_attn_value"];
    config.erase("max_attn_value");
    config["residual_moe"] = false;
    config["router_logit_softcapping"] = 30.0;
  }
  std::ofstream(folder / "config.json") << config.dump(2) << '\n';
}

}  // namespace

void write_safetensors(const std::string& path, const std::vector<StoredTensor>& tensors) {
  Json header = {{"__metadata__", {{"format", "pt"}}}};
  uint64_t end = 0;
  for (const StoredTensor& tensor : tensors) {
    const uint64_t begin = end;
    end += tensor.bytes.size();
    header[tensor.name] = {{"dtype", tensor.dtype}, {"shape", tensor.shape}, {"data_offsets", {begin, end}}};
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');
  std::ofstream file(path, std::ios::binary);
  file << little_endian(text.size(), 8) << text;
  for (const StoredTensor& tensor : tensors) file << tensor.bytes;
  if (!file.flush()) throw std::runtime_error(path + " cannot be written");
}

std::string hf_tensor_name(Naming naming, const Weight& weight) {
  return naming == Naming::kKeyfan ? keyfan_name(weight) : layered_name(weight, naming == Naming::kSglang);
}

StoredTensor stored(const std::string& name, const std::string& dtype, const Weight& weight) {
  StoredTensor tensor{name, dtype, weight.shape, ""};
  for (const float value : weight.values) tensor.bytes += encoded(value, dtype);
  return tensor;
}

void write_hf_model(const std::string& case_folder, const std::string& folder, const HfOptions& options) {
  fs::create_directories(folder);
  write_config(case_folder, folder, options);
  std::vector<Weight> weights = golden_weights(case_folder);
  if (options.with_head) {
    weights.push_back(weights.front());
    weights.back().role = TensorRole::kHead;
  }
  if (options.layout == Layout::kSharded) return write_shards(folder, weights, options);
  if (options.layout != Layout::kSingle) return write_files(folder, weights, options);
  std::vector<StoredTensor> tensors;
  for (const Weight& weight : weights)
    tensors.push_back(stored(hf_tensor_name(options.naming, weight), options.dtype, weight));
  write_safetensors((fs::path(folder) / "model.safetensors").string(), tensors);
}

}  // namespace checkpoints
