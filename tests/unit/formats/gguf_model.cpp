#include "tests/unit/formats/gguf_model.h"

#include <bit>
#include <cstring>

#include "core/base/failure.h"

namespace grok1::test {
namespace {

std::vector<std::byte> read(const StoredArray& array) {
  std::vector<std::byte> bytes(array.bytes());
  if (bytes.empty()) return bytes;
  const TensorPart& part = array.parts.front();  // checkpoints have whole arrays
  part.file->read(part.offset, bytes);
  return bytes;
}

float element(const std::vector<std::byte>& bytes, uint32_t encoding, size_t i) {
  switch (encoding) {
    case GROK1_ENCODING_F32: {
      float value;
      std::memcpy(&value, &bytes[i * 4], 4);
      return value;
    }
    case GROK1_ENCODING_BF16: {
      uint16_t high;
      std::memcpy(&high, &bytes[i * 2], 2);
      return std::bit_cast<float>(static_cast<uint32_t>(high) << 16);
    }
    default: return static_cast<float>(static_cast<int8_t>(bytes[i]));
  }
}

// [experts, K, N] to [experts][N][K], which is the order of GGUF; int8 times its scale, which is exact in F32.
std::vector<float> transposed(const Tensor& tensor) {
  const std::vector<std::byte> values = read(tensor.values), scales = read(tensor.scales);
  const size_t experts = tensor.values.experts(), k = tensor.values.outer(), n = tensor.values.inner();
  const size_t groups = tensor.scale_groups();
  std::vector<float> out(experts * k * n);
  for (size_t e = 0; e < experts; ++e) {
    for (size_t i = 0; i < k; ++i) {
      for (size_t j = 0; j < n; ++j) {
        float value = element(values, tensor.values.encoding, (e * k + i) * n + j);
        if (groups != 0) value *= element(scales, tensor.scales.encoding, (e * groups + i / (k / groups)) * n + j);
        out[(e * n + j) * k + i] = value;
      }
    }
  }
  return out;
}

std::vector<float> plain(const Tensor& tensor) {
  const std::vector<std::byte> values = read(tensor.values);
  std::vector<float> out(tensor.values.experts() * tensor.values.outer() * tensor.values.inner());
  for (size_t i = 0; i < out.size(); ++i) out[i] = element(values, tensor.values.encoding, i);
  return out;
}

std::string bytes_of(const float* values, size_t count) {
  return {reinterpret_cast<const char*>(values), count * sizeof(float)};
}

void add(gguf::File& file, const std::string& name, std::vector<uint64_t> ne, const std::vector<float>& values) {
  file.tensors.push_back({name, std::move(ne), 0, bytes_of(values.data(), values.size())});
}

// gate, up or down: [experts][n][k].
void add_experts(gguf::File& file, const std::string& name, uint64_t experts, uint64_t n, uint64_t k,
                 const std::vector<float>& values, Experts how) {
  if (how != Experts::kSingle) return add(file, name + "_exps.weight", {k, n, experts}, values);
  for (uint64_t e = 0; e < experts; ++e) {
    file.tensors.push_back(
        {fmt::format("{}.{}.weight", name, e), {k, n}, 0, bytes_of(values.data() + e * n * k, n * k)});
  }
}

std::vector<float> joined(const std::vector<float>& gate, const std::vector<float>& up, size_t experts) {
  std::vector<float> out;
  const auto size = static_cast<ptrdiff_t>(gate.size() / experts);
  for (auto e = ptrdiff_t{0}; e < static_cast<ptrdiff_t>(experts); ++e) {
    out.insert(out.end(), gate.begin() + e * size, gate.begin() + (e + 1) * size);
    out.insert(out.end(), up.begin() + e * size, up.begin() + (e + 1) * size);
  }
  return out;
}

void add_layer(gguf::File& file, const TensorSource& source, uint32_t layer, Experts how) {
  const std::string front = fmt::format("blk.{}.", layer);
  const auto linear = [&](const char* name, TensorRole role) {
    const Tensor& tensor = source.find(role, layer);
    add(file, front + name, {tensor.values.outer(), tensor.values.inner()}, transposed(tensor));
  };
  const auto norm = [&](const char* name, TensorRole role) {
    const Tensor& tensor = source.find(role, layer);
    add(file, front + name, {tensor.values.outer()}, plain(tensor));
  };
  linear("attn_q.weight", TensorRole::kQuery);
  linear("attn_k.weight", TensorRole::kKey);
  linear("attn_v.weight", TensorRole::kValue);
  linear("attn_output.weight", TensorRole::kAttentionOut);
  linear("ffn_gate_inp.weight", TensorRole::kRouter);
  norm("attn_norm.weight", TensorRole::kPreAttentionNorm);
  norm("attn_output_norm.weight", TensorRole::kPostAttentionNorm);
  norm("ffn_norm.weight", TensorRole::kPreMoeNorm);
  norm(how == Experts::kGateUp ? "post_ffw_norm.weight" : "layer_output_norm.weight", TensorRole::kPostMoeNorm);
  const Config& c = source.config();
  const std::vector<float> gate = transposed(source.find(TensorRole::kGate, layer));
  const std::vector<float> up = transposed(source.find(TensorRole::kUp, layer));
  if (how == Experts::kGateUp) {
    add(file, front + "ffn_gate_up_exps.weight", {c.d_model, 2 * uint64_t{c.ffn}, c.experts},
        joined(gate, up, c.experts));
  } else {
    add_experts(file, front + "ffn_gate", c.experts, c.ffn, c.d_model, gate, how);
    add_experts(file, front + "ffn_up", c.experts, c.ffn, c.d_model, up, how);
  }
  add_experts(file, front + "ffn_down", c.experts, c.d_model, c.ffn, transposed(source.find(TensorRole::kDown, layer)),
              how);
}

std::vector<std::string> entries_of(const Config& c) {
  return {gguf::string("general.architecture", "grok"),
          gguf::u32("grok.block_count", c.layers),
          gguf::u32("grok.context_length", c.context),
          gguf::u32("grok.embedding_length", c.d_model),
          gguf::u32("grok.feed_forward_length", c.ffn),
          gguf::u32("grok.attention.head_count", c.heads),
          gguf::u32("grok.attention.head_count_kv", c.kv_heads),
          gguf::u32("grok.attention.key_length", c.head_dim),
          gguf::u32("grok.attention.value_length", c.head_dim),
          gguf::f32("grok.attention.layer_norm_rms_epsilon", static_cast<float>(c.rms_norm_eps)),
          gguf::f32("grok.rope.freq_base", static_cast<float>(c.rope_base)),
          gguf::u32("grok.expert_count", c.experts),
          gguf::u32("grok.expert_used_count", c.experts_used),
          gguf::f32("grok.embedding_scale", static_cast<float>(c.embedding_multiplier)),
          gguf::f32("grok.logit_scale", static_cast<float>(c.output_multiplier)),
          gguf::f32("grok.attention.output_scale", static_cast<float>(c.attention_multiplier)),
          gguf::f32("grok.attn_logit_softcapping", static_cast<float>(c.attention_soft_cap)),
          gguf::f32("grok.router_logit_softcapping", 30.0f)};  // written for Grok-1 too, and means nothing
}

}  // namespace

gguf::File small_gguf() {
  Config c;
  c.layers = c.kv_heads = c.experts_used = 1;
  c.heads = c.experts = 2;
  c.d_model = c.ffn = 32;
  c.head_dim = 16;
  c.vocab_size = 8;
  c.context = 64;
  gguf::File file;
  file.entries = entries_of(c);
  uint32_t next = 0;
  const auto some = [&](std::string name, std::vector<uint64_t> ne) {
    size_t size = 1;
    for (const uint64_t n : ne) size *= n;
    std::vector<float> values(size);
    for (float& value : values) value = static_cast<float>(next++ % 251) / 251.0f - 0.5f;
    add(file, name, std::move(ne), values);
  };
  some("token_embd.weight", {32, 8});
  for (const char* norm : {"attn_norm", "attn_output_norm", "ffn_norm", "layer_output_norm"}) {
    some(fmt::format("blk.0.{}.weight", norm), {32});
  }
  some("blk.0.attn_q.weight", {32, 32});
  some("blk.0.attn_k.weight", {32, 16});
  some("blk.0.attn_v.weight", {32, 16});
  some("blk.0.attn_output.weight", {32, 32});
  some("blk.0.ffn_gate_inp.weight", {32, 2});
  for (const char* experts : {"ffn_gate_exps", "ffn_up_exps", "ffn_down_exps"}) {
    some(fmt::format("blk.0.{}.weight", experts), {32, 32, 2});
  }
  some("output_norm.weight", {32});
  return file;
}

gguf::File gguf_of(const TensorSource& source, Experts experts) {
  gguf::File file;
  file.entries = entries_of(source.config());
  const Tensor& embedding = source.find(TensorRole::kEmbedding);
  add(file, "token_embd.weight", {embedding.values.inner(), embedding.values.outer()}, plain(embedding));
  for (uint32_t layer = 0; layer < source.config().layers; ++layer) add_layer(file, source, layer, experts);
  const Tensor& norm = source.find(TensorRole::kFinalNorm);
  add(file, "output_norm.weight", {norm.values.outer()}, plain(norm));
  return file;
}

std::vector<gguf::File> split(const gguf::File& file, size_t count) {
  std::vector<gguf::File> shards(count);
  shards[0].entries = file.entries;
  for (size_t i = 0; i < count; ++i) {
    shards[i].entries.push_back(gguf::u16("split.no", static_cast<uint32_t>(i)));
    shards[i].entries.push_back(gguf::u16("split.count", static_cast<uint32_t>(count)));
    shards[i].entries.push_back(gguf::i32("split.tensors.count", static_cast<int32_t>(file.tensors.size())));
  }
  for (size_t i = 0; i < file.tensors.size(); ++i) {
    shards[i * count / file.tensors.size()].tensors.push_back(file.tensors[i]);
  }
  return shards;
}

void add_vocabulary(gguf::File& file, const Tokenizer& tokenizer, bool as_normal) {
  std::string texts, scores, types;
  for (uint32_t id = 0; id < tokenizer.size(); ++id) {
    const Tokenizer::Piece& piece = tokenizer.piece(static_cast<int32_t>(id));
    const bool user = piece.kind == GROK1_PIECE_USER_DEFINED;
    texts += gguf::text(piece.text);
    scores += gguf::number(std::bit_cast<uint32_t>(piece.score), 4);
    types += gguf::number(user && as_normal ? uint32_t{GROK1_PIECE_NORMAL} : piece.kind, 4);
  }
  file.entries.push_back(gguf::string("tokenizer.ggml.model", "llama"));
  file.entries.push_back(gguf::array("tokenizer.ggml.tokens", gguf::kString, tokenizer.size(), texts));
  file.entries.push_back(gguf::array("tokenizer.ggml.scores", gguf::kF32, tokenizer.size(), scores));
  file.entries.push_back(gguf::array("tokenizer.ggml.token_type", gguf::kI32, tokenizer.size(), types));
  const auto id = [&](const char* key, int32_t value) {
    if (value >= 0) file.entries.push_back(gguf::u32(key, static_cast<uint32_t>(value)));
  };
  id("tokenizer.ggml.bos_token_id", tokenizer.bos_id());
  id("tokenizer.ggml.eos_token_id", tokenizer.eos_id());
  id("tokenizer.ggml.unknown_token_id", tokenizer.unk_id());
  id("tokenizer.ggml.padding_token_id", tokenizer.pad_id());
}

}  // namespace grok1::test
