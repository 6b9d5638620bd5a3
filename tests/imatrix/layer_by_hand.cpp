// Weights as the files hold them, and one token through the first layer; what they are for is in layer_by_hand.h.
#include "tests/imatrix/layer_by_hand.h"

#include <cmath>
#include <cstring>
#include <fstream>
#include <numbers>

namespace imatrix_test {
namespace {

constexpr char kLayer[] = "transformer/decoder_layer_0/";

grok1_tensor_info find(const golden::Engine& engine, const std::string& name) {
  grok1_tensor_info info = GROK1_INIT(grok1_tensor_info);
  for (size_t i = 0; grok1_model_tensor(engine.model(), i, &info) == GROK1_OK; ++i) {
    if (info.name == name) return info;
  }
  throw std::runtime_error("the model has no " + name);
}

std::string read_bytes(const std::string& path, uint64_t offset, uint64_t size) {
  std::ifstream in(path, std::ios::binary);
  in.seekg(static_cast<std::streamoff>(offset));
  std::string bytes(size, '\0');
  if (!in.read(bytes.data(), static_cast<std::streamsize>(size))) throw std::runtime_error(path + " is too short");
  return bytes;
}

double number_at(const std::string& bytes, uint32_t encoding, uint64_t index) {
  if (encoding == GROK1_ENCODING_I8) return static_cast<int8_t>(bytes[index]);
  uint32_t bits = 0;
  const uint64_t size = encoding == GROK1_ENCODING_BF16 ? 2 : 4;
  if (size == 4 && encoding != GROK1_ENCODING_F32) throw std::runtime_error("an encoding that is not expected here");
  std::memcpy(&bits, bytes.data() + index * size, size);
  if (size == 2) bits <<= 16;
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

// in . w[expert], w [experts, K, N] or [K, N]
std::vector<double> times(const std::vector<double>& in, const Numbers& w, uint64_t expert = 0) {
  const uint64_t k = w.shape[w.shape.size() - 2], n = w.shape.back();
  std::vector<double> out(n);
  for (uint64_t i = 0; i < k; ++i) {
    for (uint64_t j = 0; j < n; ++j) out[j] += in[i] * w.values[(expert * k + i) * n + j];
  }
  return out;
}

double gelu(double a) {
  return 0.5 * a * (1 + std::tanh(std::sqrt(2 / std::numbers::pi) * (a + 0.044715 * a * a * a)));
}

}  // namespace

Numbers read_tensor(const golden::Engine& engine, const std::string& name) {
  const grok1_tensor_info info = find(engine, name);
  const std::string bytes = read_bytes(info.path, info.offset, info.bytes);
  const std::string scales = read_bytes(info.path, info.scale_offset, info.scale_bytes);
  Numbers numbers{{info.shape, info.shape + info.rank}, {}};
  uint64_t count = 1;
  for (const uint64_t size : numbers.shape) count *= size;
  const uint64_t n = numbers.shape.back(), k = info.rank < 2 ? 1 : numbers.shape[info.rank - 2];
  for (uint64_t i = 0; i < count; ++i) {
    double value = number_at(bytes, info.encoding, i);
    if (info.scale_groups != 0) {  // [experts, groups, N]
      const uint64_t row = i / n, group = row % k / (k / info.scale_groups);
      value *= number_at(scales, info.scale_encoding, (row / k * info.scale_groups + group) * n + i % n);
    }
    numbers.values.push_back(value);
  }
  return numbers;
}

std::vector<double> norm(const std::vector<double>& v, const Numbers& scale, double eps) {
  double squares = 0;
  for (const double value : v) squares += value * value;
  const double root = std::sqrt(squares / static_cast<double>(v.size()) + eps);
  std::vector<double> out(v.size());
  for (size_t i = 0; i < v.size(); ++i) out[i] = scale.values[i] * v[i] / root;
  return out;
}

LayerInputs inputs_of_layer_0(const golden::Engine& engine, int32_t token) {
  const grok1_model_info& info = engine.info();
  const auto layer = [&](const char* name) { return read_tensor(engine, std::string(kLayer) + name); };
  const auto normed = [&](const std::vector<double>& v, const char* scale) {
    return norm(v, layer(scale), info.rms_norm_eps);
  };
  const Numbers embedding = read_tensor(engine, "language_model/in_out_embed/embeddings");
  std::vector<double> h(info.d_model);
  for (uint32_t i = 0; i < info.d_model; ++i) {
    h[i] = embedding.values[uint64_t(token) * info.d_model + i] * info.embedding_multiplier;
  }
  LayerInputs in;
  in.qkv = normed(h, "rms_norm/scale");
  const std::vector<double> v = times(in.qkv, layer("multi_head_attention/value/w"));
  const uint32_t group = info.heads / info.kv_heads;
  for (uint32_t head = 0; head < info.heads; ++head) {  // softmax of one position is 1: each head gives v
    const auto begin = v.begin() + head / group * info.head_dim;
    in.o.insert(in.o.end(), begin, begin + info.head_dim);
  }
  const std::vector<double> y = normed(times(in.o, layer("multi_head_attention/linear/w")), "rms_norm_1/scale");
  for (uint32_t i = 0; i < info.d_model; ++i) h[i] += y[i];
  in.gate_up = normed(h, "rms_norm_2/scale");
  const Numbers gate = layer("moe/linear/w"), up = layer("moe/linear_v/w");
  for (uint32_t expert = 0; expert < info.experts; ++expert) {
    std::vector<double> hidden = times(in.gate_up, up, expert);
    const std::vector<double> gates = times(in.gate_up, gate, expert);
    for (uint32_t i = 0; i < info.ffn; ++i) hidden[i] *= gelu(gates[i]);
    in.down.push_back(hidden);
  }
  return in;
}

}  // namespace imatrix_test
