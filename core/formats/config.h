// The model's numbers as a file states them, with Grok-1's own as defaults. Every reader fills this one struct; nothing
// behind it asks what format the numbers came from.
#pragma once

#include <cstdint>

namespace grok1 {

// Sources: run.py and model.py of xai-org/grok-1 at 7050ed2.
struct Config {
  uint32_t layers = 64;
  uint32_t d_model = 6144;       // emb_size = 48 * 128
  uint32_t heads = 48;           // num_q_heads
  uint32_t kv_heads = 8;         // num_kv_heads
  uint32_t head_dim = 128;       // key_size
  uint32_t ffn = 32768;          // widening_factor 8: int(8 * 6144) * 2 / 3 rounded up to a multiple of 8
  uint32_t experts = 8;          // num_experts
  uint32_t experts_used = 2;     // num_selected_experts
  uint32_t vocab_size = 131072;  // 128 * 1024
  uint32_t context = 8192;       // sequence_len
  double embedding_multiplier = 78.38367176906169;    // embedding_multiplier_scale, sqrt(6144)
  double output_multiplier = 0.5773502691896257;      // output_multiplier_scale, 1 / sqrt(3)
  double attention_multiplier = 0.08838834764831845;  // attn_output_multiplier, 1 / sqrt(128)
  double attention_soft_cap = 30.0;                   // max_attn_val in MultiHeadAttention
  double rope_base = 10000.0;                         // RotaryEmbedding base_exponent
  double rms_norm_eps = 1e-5;                         // rms_norm eps
  int32_t pad_id = 0;                                 // pad_token
  int32_t bos_id = 1;                                 // run.py's tokenizer
  int32_t eos_id = 2;                                 // eos_token
};

}  // namespace grok1
