// grok1 synth: a checkpoint of random weights in xAI's layout, of any size, written as a stream. It runs like the real
// thing and says nothing. The folder ckpt-0 appears under its name when it is complete.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

#include "commands.h"
#include "files.h"
#include "interrupt.h"
#include "progress.h"
#include "synth_random.h"
#include "synth_tensors.h"
#include "text.h"

namespace cli {
namespace {

namespace fs = std::filesystem;

struct SynthOptions {
  ModelSizes sizes;
  std::string out;
  uint64_t seed = 0;
};

void require(bool condition, const char* message) {
  if (!condition) throw Stop(kUsage, message);
}

void check_sizes(const ModelSizes& s) {
  require(s.heads % s.kv_heads == 0, "--heads must be a multiple of --kv-heads");
  require(s.head_dim % 2 == 0, "--head-dim must be even");
  require(s.experts_used <= s.experts, "--experts-used: at most as many as --experts");
  require(uint64_t{s.heads} * s.head_dim % s.scale_groups == 0, "--scale-groups must divide heads x head dim");
  require(s.ffn % s.scale_groups == 0, "--scale-groups must divide --ffn");
  require(s.vocab >= 3, "--vocab: at least 3, for the padding, BOS and EOS tokens");
}

std::string config_text(const ModelSizes& s) {
  const nlohmann::ordered_json config = {{"architectures", {"Grok1ModelForCausalLM"}},
                                         {"model_type", "grok-1"},
                                         {"num_hidden_layers", s.layers},
                                         {"hidden_size", s.d_model},
                                         {"num_attention_heads", s.heads},
                                         {"num_key_value_heads", s.kv_heads},
                                         {"head_dim", s.head_dim},
                                         {"intermediate_size", s.ffn},
                                         {"num_experts", s.experts},
                                         {"num_experts_per_tok", s.experts_used},
                                         {"vocab_size", s.vocab},
                                         {"max_position_embeddings", s.context},
                                         {"embedding_multiplier_scale", kEmbeddingMultiplier},
                                         {"output_multiplier_scale", 0.5773502691896257},
                                         {"attn_output_multiplier", 0.08838834764831845},
                                         {"max_attn_value", 30.0},
                                         {"rope_theta", 10000.0},
                                         {"rms_norm_eps", 1e-5},
                                         {"pad_token_id", 0},
                                         {"bos_token_id", 1},
                                         {"eos_token_id", 2},
                                         {"tie_word_embeddings", true}};
  return config.dump(1) + "\n";
}

std::vector<PicklePiece> pickle(const SynthTensor& tensor) {
  return tensor.scales.shape.empty() ? pickle_array(tensor.array) : pickle_quantized(tensor.array, tensor.scales);
}

uint64_t file_bytes(const std::vector<PicklePiece>& pieces) {
  uint64_t bytes = 0;
  for (const PicklePiece& piece : pieces) bytes += piece.bytes.size() + piece.payload;
  return bytes;
}

// The folder ckpt-0.part, which becomes ckpt-0 or vanishes.
class PartFolder {
 public:
  explicit PartFolder(const fs::path& model) : path_(model / "ckpt-0.part"), final_(model / "ckpt-0") {
    made_model_ = !fs::exists(model);
    for (const fs::path& taken : {final_, model / "config.json"})
      if (fs::exists(taken)) throw Stop(kOther, taken.string() + ": exists; synth does not overwrite a model");
    if (fs::exists(path_))
      throw Stop(kOther, path_.string() + ": another synth writes here, or was killed; remove the folder if it was");
    std::error_code error;
    fs::create_directories(path_, error);
    if (error) stop_writing(path_.string(), error.value());
  }
  ~PartFolder() {
    std::error_code ignored;
    if (done_) return;
    fs::remove_all(path_, ignored);
    if (made_model_) fs::remove(path_.parent_path(), ignored);  // only when it is empty
  }
  PartFolder(const PartFolder&) = delete;
  PartFolder& operator=(const PartFolder&) = delete;

  const fs::path& path() const { return path_; }

  void commit() {
    std::error_code error;
    fs::rename(path_, final_, error);
    if (error) stop_writing(final_.string(), error.value());
    done_ = true;
  }

 private:
  fs::path path_, final_;
  bool made_model_ = false, done_ = false;
};

class Writer {
 public:
  Writer(const SynthOptions& options, uint64_t total) : options_(options), total_(total), buffer_(kBlock) {}

  void write(const fs::path& path, const SynthTensor& tensor, uint64_t index) {
    OutputFile file(path.string());
    uint64_t part = 0;  // 0: the array, 1: its scales
    for (const PicklePiece& piece : pickle(tensor)) {
      file.write(piece.bytes.data(), piece.bytes.size());
      for (uint64_t at = 0; at < piece.payload; at += kBlock) {
        if (interrupt_.requested()) throw Stop(kInterrupted, "interrupted");
        const size_t size = std::min<uint64_t>(kBlock, piece.payload - at);
        fill(tensor, stream_key(options_.seed, index, part), part == 1, at, size);
        file.write(buffer_.data(), size);
        progress_.update(done_ += size, total_);
      }
      ++part;
    }
    file.commit();
  }

 private:
  static constexpr size_t kBlock = 1 << 20;  // bytes; a multiple of every element's size

  void fill(const SynthTensor& tensor, uint64_t key, bool scales, uint64_t at, size_t size) {
    if (scales)
      random_bfloat16(key, at / 2, reinterpret_cast<uint16_t*>(buffer_.data()), size / 2,
                      tensor.deviation / kInt8Deviation);
    else if (tensor.array.type == ElementType::kInt8)
      random_int8(key, at, reinterpret_cast<int8_t*>(buffer_.data()), size);
    else
      random_float(key, at / 4, reinterpret_cast<float*>(buffer_.data()), size / 4, tensor.mean, tensor.deviation);
  }

  const SynthOptions& options_;
  uint64_t total_, done_ = 0;
  std::vector<unsigned char> buffer_;
  Interrupt interrupt_;
  Progress progress_{"writing", Progress::Unit::kBytes};
};

std::string bytes_text(uint64_t bytes) {
  return text("%llu bytes (%s)", static_cast<unsigned long long>(bytes), file_size(bytes).c_str());
}

void require_space(const fs::path& folder, uint64_t needed) {
  std::error_code error;
  const fs::space_info space = fs::space(folder, error);
  if (error || space.available >= needed) return;  // where it cannot be told, writing will
  throw Stop(kDiskFull, text("%s: the model needs %s, %s are free", folder.c_str(), bytes_text(needed).c_str(),
                             bytes_text(space.available).c_str()));
}

void write_config(const SynthOptions& options) {
  const std::string config = config_text(options.sizes);
  OutputFile file((fs::path(options.out) / "config.json").string());
  file.write(config.data(), config.size());
  file.commit();
}

int synth(const SynthOptions& options) {
  check_sizes(options.sizes);
  const std::vector<SynthTensor> tensors = synth_tensors(options.sizes);
  uint64_t total = 0;
  for (const SynthTensor& tensor : tensors) {
    total += file_bytes(pickle(tensor));
    require(total < uint64_t{1} << 62, "such a model takes more bytes than a file system can count");
  }
  PartFolder folder(options.out);
  require_space(options.out, total);
  try {
    Writer writer(options, total);
    for (size_t i = 0; i < tensors.size(); ++i) writer.write(folder.path() / text("tensor%05zu_000", i), tensors[i], i);
    write_config(options);
  } catch (const Stop& stop) {
    if (stop.code() != kDiskFull) throw;
    throw Stop(kDiskFull, std::string(stop.what()) + "\nthe model needs " + bytes_text(total));
  }
  folder.commit();
  std::fprintf(stderr, "%s: %s in %zu files\n", options.out.c_str(), bytes_text(total).c_str(), tensors.size());
  return kOk;
}

// Bounds are those within which the library reads a config.json.
void add_size(CLI::App& app, const char* name, uint32_t& value, uint32_t most, const char* what) {
  app.add_option(name, value, what)->check(CLI::Range(1u, most))->capture_default_str()->type_name("N");
}

}  // namespace

void add_synth(CLI::App& app, Action& action) {
  auto* sub = app.add_subcommand("synth", "Write a model of random weights; the defaults are Grok-1's sizes");
  const auto options = std::make_shared<SynthOptions>();
  ModelSizes& sizes = options->sizes;
  sub->add_option("-o,--out", options->out, "Folder of the new model")->required();
  add_size(*sub, "--layers", sizes.layers, 4096, "Layers");
  add_size(*sub, "--d-model", sizes.d_model, 1 << 20, "Width of the residual stream");
  add_size(*sub, "--heads", sizes.heads, 1 << 16, "Query heads");
  add_size(*sub, "--kv-heads", sizes.kv_heads, 1 << 16, "Key and value heads");
  add_size(*sub, "--head-dim", sizes.head_dim, 1 << 16, "Width of a head");
  add_size(*sub, "--ffn", sizes.ffn, 1 << 24, "Hidden width of an expert");
  add_size(*sub, "--experts", sizes.experts, 256, "Experts");
  add_size(*sub, "--experts-used", sizes.experts_used, 256, "Experts per token");
  add_size(*sub, "--vocab", sizes.vocab, 1 << 24, "Size of the vocabulary");
  add_size(*sub, "--context", sizes.context, 1 << 24, "Longest sequence");
  add_size(*sub, "--scale-groups", sizes.scale_groups, 1 << 16, "Scale groups of the row-parallel weights");
  sub->add_option("--seed", options->seed, "Seed of the weights")->capture_default_str();
  sub->callback([options, &action] { action = [options] { return synth(*options); }; });
}

}  // namespace cli
