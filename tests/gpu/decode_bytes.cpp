// gpu_decode_bytes PLUGIN [--real]: the bytes that each kernel of a decode step moves, as the emulator's plugin counts
// them (tests/gpu_emu/counts.h), beside those that the model demands: weights with their scales, K and V, inputs and
// outputs, each once. Prints a line per kernel, tab separated. Exit code 1 where they differ by over 2 %.
//
// One layer and the head at moderate widths, in every encoding and on both wave sizes; with --real at Grok-1's widths,
// the layer in I8 and the head in BF16, with two experts instead of eight: a token uses two.
#include <dlfcn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "tests/conformance/rig.h"

namespace grok1::conformance {
namespace {

constexpr double kLeastRatio = 0.98, kMostRatio = 1.02;
constexpr uint32_t kPageTokens = 16;
constexpr uint32_t kSplit = 256;  // positions whose partial sums attention writes (kPositions of shapes.h)
constexpr uint32_t kGroups = 8;   // scale groups of o and down, as in xAI's files

struct Case {
  grok1_model_desc model;
  Format format;
  uint32_t positions;
  uint32_t device;
  bool head;
};

// Bytes that a kernel must move, by its name.
using Demand = std::map<std::string, double>;

grok1_model_desc model_of(uint32_t d, uint32_t heads, uint32_t kv_heads, uint32_t ffn, uint32_t vocabulary) {
  grok1_model_desc model = small_model();
  model.d_model = d;
  model.heads = heads;
  model.kv_heads = kv_heads;
  model.head_dim = 128;
  model.ffn = ffn;
  model.experts = model.experts_used = 2;
  model.vocab_size = vocabulary;
  model.context = 8192;
  return model;
}

// What is multiplied does not change what is moved: all zeros.
Tensor zeros(Format format, uint32_t experts, uint32_t groups, uint64_t k, uint64_t n) {
  Tensor tensor{GROK1_WEIGHT_LINEAR, format, experts, format.has_scales() ? groups : 0, k, n, {}, {}, {}};
  tensor.data.resize(experts * k * n * bytes_of(format.encoding));
  if (format.has_scales()) tensor.scales.resize(experts * uint64_t{groups} * n * bytes_of(format.scale_encoding));
  return tensor;
}

LayerTensors zero_layer(const grok1_model_desc& m, Format format) {
  const uint64_t q = uint64_t(m.heads) * m.head_dim, kv = uint64_t(m.kv_heads) * m.head_dim;
  return {zeros(format, 1, 1, m.d_model, q),
          zeros(format, 1, 1, m.d_model, kv),
          zeros(format, 1, 1, m.d_model, kv),
          zeros(format, 1, kGroups, q, m.d_model),
          zeros(kF32Kn, 1, 1, m.d_model, m.experts),
          zeros(format, m.experts, 1, m.d_model, m.ffn),
          zeros(format, m.experts, 1, m.d_model, m.ffn),
          zeros(format, m.experts, kGroups, m.ffn, m.d_model)};
}

// Scales are F32 on the device.
double weight(Format format, double experts, double groups, double k, double n) {
  return experts * n * (k * bytes_of(format.encoding) + (format.has_scales() ? 4 * groups : 0));
}

// A row that is multiplied: floats, or digits of two bytes and a scale per 256.
double input(Format format, double k) {
  return format.has_scales() ? 2 * k + k / 64 : 4 * k;
}
// A row that a kernel makes for the next: both.
double made(Format format, double k) {
  return 4 * k + (format.has_scales() ? input(format, k) : 0);
}

// A block of attention has 256 positions; it leaves partial sums of them, the largest and the total of each query head.
Demand layer_demand(const Case& c) {
  const grok1_model_desc& m = c.model;
  const Format format = c.format;
  const double d = m.d_model, q = double(m.heads) * m.head_dim, kv = double(m.kv_heads) * m.head_dim, ffn = m.ffn;
  const double used = m.experts_used, splits = (c.positions + kSplit - 1) / kSplit;
  const double partial = splits * 4 * (q + 2 * m.heads);
  Demand demand;
  demand["project_few_rows"] = weight(format, 1, 1, d, q + 2 * kv) + input(format, d) + 4 * q + 2 * 2 * kv;
  demand["attend_unit"] = 2 * 2 * kv * c.positions + 4 * q + made(format, q) + partial;
  demand["multiply_few_rows"] = weight(format, 1, kGroups, q, d) + input(format, q) + 4 * d;
  // x from the host, made digits; then h and y with two norms of F32, the router, and x made again.
  demand["norm_row"] = 24 * d + weight(kF32Kn, 1, 1, d, m.experts) + 2 * made(kI8F32, d);
  demand["gate_up_few"] = weight(format, used, 1, d, 2 * ffn) + input(format, d) + used * made(format, ffn);
  demand["down_few"] = weight(format, used, kGroups, ffn, d) + used * input(format, ffn) + 4 * d;
  return demand;
}

Demand head_demand(const Case& c) {
  const double d = c.model.d_model, vocabulary = c.model.vocab_size;
  return {{"multiply_few_rows", weight(c.format, 1, 0, d, vocabulary) + input(c.format, d) + 4 * vocabulary}};
}

void run_layer(Device& device, const Case& c) {
  const grok1_model_desc& m = c.model;
  const uint32_t pages = (c.positions + kPageTokens - 1) / kPageTokens;
  Rig rig(device, m, {1, 1, pages, kPageTokens});
  std::vector<uint32_t> table(pages);
  for (uint32_t i = 0; i < pages; ++i) table[i] = i;
  Pass pass;
  pass.add(c.positions - 1, 1, table, pages);
  rig.set(pass);
  const LayerTensors tensors = zero_layer(m, c.format);
  const BoundLayer layer = bind_layer(device, m, tensors, whole_share(m));
  const Handle<grok1_kv> kv = rig.make_kv(pages, GROK1_ENCODING_BF16);
  Random random(1);
  const Handle<grok1_weight> post = upload(device, random_vector(random, GROK1_ENCODING_F32, m.d_model));
  const Handle<grok1_weight> next = upload(device, random_vector(random, GROK1_ENCODING_F32, m.d_model));
  const std::vector<float> row(m.d_model, 1.0f);
  rig.attention(layer, kv, rig.import_act(row));
  Handle<grok1_act> x;
  rig.add_norm(row, row, post, next, layer.layer.get(), &x);
  rig.moe_experts(layer, x, rig.moe_route(layer, x));
}

void run_head(Device& device, const Case& c) {
  const Tensor embedding = zeros(c.format, 1, 0, c.model.d_model, c.model.vocab_size);
  Rig rig(device, c.model, {1, 1, 1, kPageTokens});
  rig.set(plain_pass(1, 1));
  rig.logits(bind_head(device, c.model, embedding), c.model.vocab_size,
             rig.import_act(std::vector<float>(c.model.d_model, 1.0f)));
}

void run(const char* plugin, const Case& c) {
  void* library = dlopen(plugin, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) throw std::runtime_error(dlerror());
  const void* entry = dlsym(library, "grok1_backend_entry");
  if (entry == nullptr) throw std::runtime_error(std::string(plugin) + " exports no grok1_backend_entry");
  Device device(*static_cast<const grok1_backend_descriptor*>(entry), c.device, "");
  c.head ? run_head(device, c) : run_layer(device, c);
}

// Kernel to bytes read and written. The emulator writes its table when the process ends, so each case has its own.
std::map<std::string, double> counted(const std::string& file) {
  std::map<std::string, double> moved;
  std::ifstream table(file);
  std::string line, kernel;
  std::getline(table, line);
  while (std::getline(table, line)) {
    std::istringstream words(line);
    double launches = 0, read = 0, written = 0;
    words >> kernel >> launches >> read >> written;
    moved[kernel] = read + written;
  }
  return moved;
}

bool compare(const Case& c, const std::map<std::string, double>& moved) {
  bool right = true;
  for (const auto& [kernel, wanted] : c.head ? head_demand(c) : layer_demand(c)) {
    const auto found = moved.find(kernel);
    const double bytes = found == moved.end() ? 0 : found->second, ratio = bytes / wanted;
    std::printf("%s\t%s\t%s\t%u\t%.0f\t%.0f\t%.4f\n", c.head ? "head" : "layer", kernel.c_str(),
                c.format.name().c_str(), c.device == 0 ? 32 : 64, bytes, wanted, ratio);
    right = right && ratio >= kLeastRatio && ratio <= kMostRatio;
  }
  return right;
}

bool measure(const char* plugin, const Case& c) {
  const std::string file =
      std::filesystem::temp_directory_path() / ("grok1_decode_bytes_" + std::to_string(getpid()) + ".tsv");
  std::fflush(stdout);  // or the child would print it again
  const pid_t child = fork();
  if (child == 0) {
    setenv("GROK1_EMU_COUNTS", file.c_str(), 1);
    setenv("GROK1_EMU_MEMORY", "8589934592", 1);
    try {
      run(plugin, c);
      std::exit(0);
    } catch (const std::exception& failed) {
      std::fprintf(stderr, "gpu_decode_bytes: %s\n", failed.what());
      std::exit(1);
    }
  }
  int status = 0;
  waitpid(child, &status, 0);
  const auto moved = counted(file);
  std::remove(file.c_str());
  return status == 0 && compare(c, moved);
}

std::vector<Case> cases(bool real) {
  if (real) {
    const grok1_model_desc model = model_of(6144, 48, 8, 32768, 131072);
    return {{model, kI8Bf16, 8192, 0, false}, {model, kBf16Nk, 1, 0, true}};
  }
  const grok1_model_desc model = model_of(1024, 12, 2, 4096, 4096);
  std::vector<Case> all;
  for (const uint32_t device : {0u, 1u})
    for (const Format format : {kI8Bf16, kBf16Nk, kF16Nk, kF32Nk}) {
      all.push_back({model, format, 2048, device, false});
      if (!format.has_scales()) all.push_back({model, format, 1, device, true});
    }
  return all;
}

}  // namespace
}  // namespace grok1::conformance

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: gpu_decode_bytes PLUGIN [--real]\n");
    return 2;
  }
  bool right = true;
  std::printf("part\tkernel\tencoding\twave\tmoved\tmodel\tratio\n");
  for (const auto& c : grok1::conformance::cases(argc > 2 && std::string(argv[2]) == "--real"))
    right = grok1::conformance::measure(argv[1], c) && right;
  return right ? 0 : 1;
}
