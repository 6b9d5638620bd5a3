// Which arrays a checkpoint of xAI's layout holds, in the order of its files, and how large random ones must be for
// activations to stay sane through any number of layers. Knows nothing about files.
#pragma once

#include <cstdint>
#include <vector>

#include "pickle_writer.h"

namespace cli {

// Defaults are Grok-1's: run.py of xai-org/grok-1.
struct ModelSizes {
  uint32_t layers = 64;
  uint32_t d_model = 6144;
  uint32_t heads = 48;
  uint32_t kv_heads = 8;
  uint32_t head_dim = 128;
  uint32_t ffn = 32768;
  uint32_t experts = 8;
  uint32_t experts_used = 2;
  uint32_t vocab = 131072;
  uint32_t context = 8192;
  uint32_t scale_groups = 8;  // of attention-out and expert-down along their input; the other linear layers have one
};

inline constexpr double kEmbeddingMultiplier = 78.38367176906169;  // of every model, as in config.json

struct SynthTensor {
  ArrayShape array;
  ArrayShape scales;  // with an empty shape: a plain array
  double mean;
  double deviation;
};

std::vector<SynthTensor> synth_tensors(const ModelSizes& sizes);

}  // namespace cli
