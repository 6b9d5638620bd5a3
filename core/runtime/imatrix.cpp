// Keys, names and shapes: llama.cpp's tools/imatrix, and gguf-py 0.19 (constants.py: general.type, imatrix.*).
#include "core/runtime/imatrix.h"

#include <algorithm>

#include "core/base/new_file.h"
#include "core/formats/gguf_writer.h"

namespace grok1 {
namespace {

// A matrix and what it is given.
struct NamedSums {
  std::string name;
  const SumsOfInputs* sums;
};

bool saw_rows(const SumsOfInputs& sums) {
  return std::any_of(sums.counts.begin(), sums.counts.end(), [](uint64_t count) { return count > 0; });
}

std::vector<NamedSums> named_sums(const InputSums& all, HeadMatrix head) {
  std::vector<NamedSums> named;
  const auto add = [&](std::string name, const SumsOfInputs& sums) {
    if (saw_rows(sums)) named.push_back({std::move(name), &sums});
  };
  for (size_t i = 0; i < all.layers().size(); ++i) {
    const InputSums::Layer& layer = all.layers()[i];
    for (const char* name : {"attn_q", "attn_k", "attn_v"}) add(fmt::format("blk.{}.{}.weight", i, name), layer.qkv);
    add(fmt::format("blk.{}.attn_output.weight", i), layer.o);
    for (const char* name : {"ffn_gate_exps", "ffn_up_exps"}) {
      add(fmt::format("blk.{}.{}.weight", i, name), layer.gate_up);
    }
    add(fmt::format("blk.{}.ffn_down_exps.weight", i), layer.down);
  }
  add(head == HeadMatrix::output ? "output.weight" : "token_embd.weight", all.head());
  return named;
}

std::vector<GgufEntry> entries_of(const std::vector<NamedSums>& matrices) {
  std::vector<GgufEntry> entries;
  for (const NamedSums& matrix : matrices) {
    const uint64_t experts = matrix.sums->counts.size();
    entries.push_back({matrix.name + ".in_sum2", {matrix.sums->k, experts}, GROK1_ENCODING_F32});
    entries.push_back({matrix.name + ".counts", {1, experts}, GROK1_ENCODING_F32});
  }
  return entries;
}

// Rows of layer 0, which sees every token, in chunks: the last may be short.
GgufKeys keys_of(const InputSums& sums, const ImatrixText& text) {
  const uint64_t rows = sums.layers().front().qkv.counts.front();
  const uint64_t chunks = (rows + text.chunk_tokens - 1) / text.chunk_tokens;
  GgufKeys keys;
  keys.add_text("general.type", "imatrix");
  keys.add_texts("imatrix.datasets", text.dataset.empty() ? std::vector<std::string>{} : std::vector{text.dataset});
  keys.add_u32("imatrix.chunk_count", static_cast<uint32_t>(std::min<uint64_t>(chunks, UINT32_MAX)));
  keys.add_u32("imatrix.chunk_size", text.chunk_tokens);
  return keys;
}

template <class T>
void append_floats(NewFile& file, const GgufPlace& place, const std::vector<T>& values) {
  file.append_zeros(place.offset - file.size());
  const std::vector<float> floats(values.begin(), values.end());
  file.append(std::as_bytes(std::span(floats)));
}

}  // namespace

void write_imatrix(const InputSums& sums, HeadMatrix head, const ImatrixText& text, const std::string& path) {
  sums.require_sound();
  const std::vector<NamedSums> matrices = named_sums(sums, head);
  if (matrices.empty()) {
    fail(GROK1_E_INVALID_ARGUMENT, "{}: no token was decoded since the imatrix was made; there is nothing to write",
         path);
  }
  const GgufLayout layout = lay_out_gguf(keys_of(sums, text), entries_of(matrices), 0);
  NewFile file(path);
  file.append(std::as_bytes(std::span(layout.files.front().header)));
  for (size_t i = 0; i < matrices.size(); ++i) {
    append_floats(file, layout.places[2 * i], matrices[i].sums->squares);
    append_floats(file, layout.places[2 * i + 1], matrices[i].sums->counts);
  }
  file.append_zeros(layout.files.front().bytes - file.size());
  file.finish();
}

}  // namespace grok1
