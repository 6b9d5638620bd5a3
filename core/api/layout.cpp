// The layout of grok1.h as this library was compiled, for grok1_abi_layout. A struct or value that is added to the
// header is added here; tests/abi compares the text with one made from the header alone.
#include <cstddef>
#include <string>

#include "core/api/handles.h"

namespace {

class LayoutText {
 public:
  void begin_struct(const char* name, uint32_t type, size_t size) {
    text_ += fmt::format("struct {} {} {}\n", name, type, size);
  }
  void field(const char* name, size_t offset, size_t size) {
    text_ += fmt::format("field {} {} {}\n", name, offset, size);
  }
  void value(const char* name, long long number) { text_ += fmt::format("value {} {}\n", name, number); }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

#define GROK1_STRUCT(name, type) text.begin_struct(#name, type, sizeof(name))
#define GROK1_FIELD(name, member) text.field(#member, offsetof(name, member), sizeof(name::member))
#define GROK1_VALUE(name) text.value(#name, name)

void add_structs(LayoutText& text) {
  GROK1_STRUCT(grok1_error, 0);
  GROK1_FIELD(grok1_error, struct_size);
  GROK1_FIELD(grok1_error, status);
  GROK1_FIELD(grok1_error, native_code);
  GROK1_FIELD(grok1_error, source);
  GROK1_FIELD(grok1_error, offset);
  GROK1_FIELD(grok1_error, message);
  GROK1_STRUCT(grok1_head, 0);
  GROK1_FIELD(grok1_head, struct_size);
  GROK1_FIELD(grok1_head, type);
  GROK1_FIELD(grok1_head, next);
  GROK1_STRUCT(grok1_runtime_options, GROK1_TYPE_RUNTIME_OPTIONS);
  GROK1_FIELD(grok1_runtime_options, head);
  GROK1_FIELD(grok1_runtime_options, log);
  GROK1_FIELD(grok1_runtime_options, log_user);
  GROK1_FIELD(grok1_runtime_options, verify);
  GROK1_FIELD(grok1_runtime_options, verify_user);
  GROK1_FIELD(grok1_runtime_options, backend_paths);
  GROK1_FIELD(grok1_runtime_options, n_backend_paths);
  GROK1_FIELD(grok1_runtime_options, backends);
  GROK1_FIELD(grok1_runtime_options, n_backends);
  GROK1_FIELD(grok1_runtime_options, disabled);
  GROK1_FIELD(grok1_runtime_options, log_level);
  GROK1_FIELD(grok1_runtime_options, flags);
  GROK1_STRUCT(grok1_load_entry, GROK1_TYPE_LOAD_ENTRY);
  GROK1_FIELD(grok1_load_entry, head);
  GROK1_FIELD(grok1_load_entry, backend);
  GROK1_FIELD(grok1_load_entry, path);
  GROK1_FIELD(grok1_load_entry, state_name);
  GROK1_FIELD(grok1_load_entry, reason);
  GROK1_FIELD(grok1_load_entry, version);
  GROK1_FIELD(grok1_load_entry, state);
  GROK1_FIELD(grok1_load_entry, n_devices);
  GROK1_STRUCT(grok1_device_info, GROK1_TYPE_DEVICE_INFO);
  GROK1_FIELD(grok1_device_info, head);
  GROK1_FIELD(grok1_device_info, name);
  GROK1_FIELD(grok1_device_info, backend);
  GROK1_FIELD(grok1_device_info, description);
  GROK1_FIELD(grok1_device_info, memory_total);
  GROK1_FIELD(grok1_device_info, memory_free);
  GROK1_FIELD(grok1_device_info, kind);
  GROK1_FIELD(grok1_device_info, flags);
  GROK1_STRUCT(grok1_model_options, GROK1_TYPE_MODEL_OPTIONS);
  GROK1_FIELD(grok1_model_options, head);
  GROK1_FIELD(grok1_model_options, devices);
  GROK1_FIELD(grok1_model_options, tokenizer_path);
  GROK1_FIELD(grok1_model_options, backend_options);
  GROK1_FIELD(grok1_model_options, progress);
  GROK1_FIELD(grok1_model_options, progress_user);
  GROK1_FIELD(grok1_model_options, cancel);
  GROK1_FIELD(grok1_model_options, context_tokens);
  GROK1_FIELD(grok1_model_options, max_sequences);
  GROK1_FIELD(grok1_model_options, max_batch_tokens);
  GROK1_FIELD(grok1_model_options, max_logit_rows);
  GROK1_FIELD(grok1_model_options, cache_type);
  GROK1_FIELD(grok1_model_options, page_tokens);
  GROK1_FIELD(grok1_model_options, threads);
  GROK1_FIELD(grok1_model_options, flags);
  GROK1_FIELD(grok1_model_options, tensor_split);
  GROK1_FIELD(grok1_model_options, gpu_layers);
  GROK1_FIELD(grok1_model_options, cpu_experts_layers);
  GROK1_FIELD(grok1_model_options, split);
  GROK1_FIELD(grok1_model_options, weights);
  GROK1_STRUCT(grok1_plan, GROK1_TYPE_PLAN);
  GROK1_FIELD(grok1_plan, head);
  GROK1_FIELD(grok1_plan, devices);
  GROK1_FIELD(grok1_plan, weight_bytes);
  GROK1_FIELD(grok1_plan, expert_bytes);
  GROK1_FIELD(grok1_plan, bytes_per_token);
  GROK1_FIELD(grok1_plan, kv_bytes);
  GROK1_FIELD(grok1_plan, scratch_bytes);
  GROK1_FIELD(grok1_plan, needed_in_memory);
  GROK1_FIELD(grok1_plan, needed_from_disk);
  GROK1_FIELD(grok1_plan, available);
  GROK1_FIELD(grok1_plan, residency);
  GROK1_FIELD(grok1_plan, context_tokens);
  GROK1_FIELD(grok1_plan, max_sequences);
  GROK1_FIELD(grok1_plan, max_batch_tokens);
  GROK1_FIELD(grok1_plan, max_logit_rows);
  GROK1_FIELD(grok1_plan, cache_type);
  GROK1_FIELD(grok1_plan, n_devices);
  GROK1_FIELD(grok1_plan, split);
  GROK1_FIELD(grok1_plan, weights);
  GROK1_FIELD(grok1_plan, reserved);
  GROK1_STRUCT(grok1_plan_device, GROK1_TYPE_PLAN_DEVICE);
  GROK1_FIELD(grok1_plan_device, head);
  GROK1_FIELD(grok1_plan_device, name);
  GROK1_FIELD(grok1_plan_device, part);
  GROK1_FIELD(grok1_plan_device, weight_bytes);
  GROK1_FIELD(grok1_plan_device, expert_bytes);
  GROK1_FIELD(grok1_plan_device, kv_bytes);
  GROK1_FIELD(grok1_plan_device, scratch_bytes);
  GROK1_FIELD(grok1_plan_device, needed_in_memory);
  GROK1_FIELD(grok1_plan_device, needed_from_disk);
  GROK1_FIELD(grok1_plan_device, available);
  GROK1_FIELD(grok1_plan_device, kind);
  GROK1_FIELD(grok1_plan_device, residency);
  GROK1_FIELD(grok1_plan_device, attention_layer_begin);
  GROK1_FIELD(grok1_plan_device, attention_layer_end);
  GROK1_FIELD(grok1_plan_device, kv_head_begin);
  GROK1_FIELD(grok1_plan_device, kv_head_end);
  GROK1_FIELD(grok1_plan_device, expert_layer_begin);
  GROK1_FIELD(grok1_plan_device, expert_layer_end);
  GROK1_FIELD(grok1_plan_device, expert_begin);
  GROK1_FIELD(grok1_plan_device, expert_end);
  GROK1_FIELD(grok1_plan_device, ffn_begin);
  GROK1_FIELD(grok1_plan_device, ffn_end);
  GROK1_FIELD(grok1_plan_device, has_head);
  GROK1_FIELD(grok1_plan_device, in_group);
  GROK1_STRUCT(grok1_rates, GROK1_TYPE_RATES);
  GROK1_FIELD(grok1_rates, head);
  GROK1_FIELD(grok1_rates, read_bytes_per_second);
  GROK1_FIELD(grok1_rates, dot_i8_per_second);
  GROK1_FIELD(grok1_rates, dot_i16_per_second);
  GROK1_FIELD(grok1_rates, fma_per_second);
  GROK1_STRUCT(grok1_model_info, GROK1_TYPE_MODEL_INFO);
  GROK1_FIELD(grok1_model_info, head);
  GROK1_FIELD(grok1_model_info, name);
  GROK1_FIELD(grok1_model_info, format);
  GROK1_FIELD(grok1_model_info, encoding);
  GROK1_FIELD(grok1_model_info, devices);
  GROK1_FIELD(grok1_model_info, parameters);
  GROK1_FIELD(grok1_model_info, file_bytes);
  GROK1_FIELD(grok1_model_info, n_files);
  GROK1_FIELD(grok1_model_info, n_tensors);
  GROK1_FIELD(grok1_model_info, layers);
  GROK1_FIELD(grok1_model_info, d_model);
  GROK1_FIELD(grok1_model_info, heads);
  GROK1_FIELD(grok1_model_info, kv_heads);
  GROK1_FIELD(grok1_model_info, head_dim);
  GROK1_FIELD(grok1_model_info, ffn);
  GROK1_FIELD(grok1_model_info, experts);
  GROK1_FIELD(grok1_model_info, experts_used);
  GROK1_FIELD(grok1_model_info, vocab_size);
  GROK1_FIELD(grok1_model_info, context);
  GROK1_FIELD(grok1_model_info, embedding_multiplier);
  GROK1_FIELD(grok1_model_info, output_multiplier);
  GROK1_FIELD(grok1_model_info, attention_multiplier);
  GROK1_FIELD(grok1_model_info, attention_soft_cap);
  GROK1_FIELD(grok1_model_info, rope_base);
  GROK1_FIELD(grok1_model_info, rms_norm_eps);
  GROK1_FIELD(grok1_model_info, pad_id);
  GROK1_FIELD(grok1_model_info, bos_id);
  GROK1_FIELD(grok1_model_info, eos_id);
  GROK1_FIELD(grok1_model_info, has_tokenizer);
  GROK1_STRUCT(grok1_tensor_info, GROK1_TYPE_TENSOR_INFO);
  GROK1_FIELD(grok1_tensor_info, head);
  GROK1_FIELD(grok1_tensor_info, name);
  GROK1_FIELD(grok1_tensor_info, path);
  GROK1_FIELD(grok1_tensor_info, encoding_name);
  GROK1_FIELD(grok1_tensor_info, shape);
  GROK1_FIELD(grok1_tensor_info, offset);
  GROK1_FIELD(grok1_tensor_info, bytes);
  GROK1_FIELD(grok1_tensor_info, scale_shape);
  GROK1_FIELD(grok1_tensor_info, scale_offset);
  GROK1_FIELD(grok1_tensor_info, scale_bytes);
  GROK1_FIELD(grok1_tensor_info, encoding);
  GROK1_FIELD(grok1_tensor_info, scale_encoding);
  GROK1_FIELD(grok1_tensor_info, rank);
  GROK1_FIELD(grok1_tensor_info, scale_groups);
  GROK1_STRUCT(grok1_tokenizer_info, GROK1_TYPE_TOKENIZER_INFO);
  GROK1_FIELD(grok1_tokenizer_info, head);
  GROK1_FIELD(grok1_tokenizer_info, vocab_size);
  GROK1_FIELD(grok1_tokenizer_info, unk_id);
  GROK1_FIELD(grok1_tokenizer_info, bos_id);
  GROK1_FIELD(grok1_tokenizer_info, eos_id);
  GROK1_FIELD(grok1_tokenizer_info, pad_id);
  GROK1_FIELD(grok1_tokenizer_info, longest_piece);
  GROK1_STRUCT(grok1_piece_info, GROK1_TYPE_PIECE_INFO);
  GROK1_FIELD(grok1_piece_info, head);
  GROK1_FIELD(grok1_piece_info, text);
  GROK1_FIELD(grok1_piece_info, size);
  GROK1_FIELD(grok1_piece_info, score);
  GROK1_FIELD(grok1_piece_info, kind);
  GROK1_STRUCT(grok1_session_options, GROK1_TYPE_SESSION_OPTIONS);
  GROK1_FIELD(grok1_session_options, head);
  GROK1_FIELD(grok1_session_options, context_tokens);
  GROK1_FIELD(grok1_session_options, max_sequences);
  GROK1_FIELD(grok1_session_options, max_batch_tokens);
  GROK1_FIELD(grok1_session_options, max_logit_rows);
  GROK1_FIELD(grok1_session_options, cache_type);
  GROK1_FIELD(grok1_session_options, page_tokens);
  GROK1_STRUCT(grok1_batch, GROK1_TYPE_BATCH);
  GROK1_FIELD(grok1_batch, head);
  GROK1_FIELD(grok1_batch, sequences);
  GROK1_FIELD(grok1_batch, n_tokens);
  GROK1_FIELD(grok1_batch, tokens);
  GROK1_FIELD(grok1_batch, want_logits);
  GROK1_FIELD(grok1_batch, n_done);
  GROK1_FIELD(grok1_batch, cancel);
  GROK1_FIELD(grok1_batch, count);
  GROK1_STRUCT(grok1_sampler_options, GROK1_TYPE_SAMPLER_OPTIONS);
  GROK1_FIELD(grok1_sampler_options, head);
  GROK1_FIELD(grok1_sampler_options, seed);
  GROK1_FIELD(grok1_sampler_options, temperature);
  GROK1_FIELD(grok1_sampler_options, top_p);
  GROK1_FIELD(grok1_sampler_options, min_p);
  GROK1_FIELD(grok1_sampler_options, repetition_penalty);
  GROK1_FIELD(grok1_sampler_options, top_k);
  GROK1_FIELD(grok1_sampler_options, repetition_window);
  GROK1_STRUCT(grok1_generate_options, GROK1_TYPE_GENERATE_OPTIONS);
  GROK1_FIELD(grok1_generate_options, head);
  GROK1_FIELD(grok1_generate_options, sampler);
  GROK1_FIELD(grok1_generate_options, sequence);
  GROK1_FIELD(grok1_generate_options, cancel);
  GROK1_FIELD(grok1_generate_options, max_tokens);
  GROK1_FIELD(grok1_generate_options, flags);
  GROK1_STRUCT(grok1_stats, GROK1_TYPE_STATS);
  GROK1_FIELD(grok1_stats, head);
  GROK1_FIELD(grok1_stats, load_ns);
  GROK1_FIELD(grok1_stats, prompt_tokens);
  GROK1_FIELD(grok1_stats, prompt_ns);
  GROK1_FIELD(grok1_stats, generated_tokens);
  GROK1_FIELD(grok1_stats, generated_ns);
  GROK1_FIELD(grok1_stats, passes);
  GROK1_FIELD(grok1_stats, kv_tokens_total);
  GROK1_FIELD(grok1_stats, kv_tokens_used);
}

void add_values(LayoutText& text) {
  GROK1_VALUE(GROK1_OK);
  GROK1_VALUE(GROK1_E_INVALID_ARGUMENT);
  GROK1_VALUE(GROK1_E_UNKNOWN_FIELD);
  GROK1_VALUE(GROK1_E_OUT_OF_MEMORY);
  GROK1_VALUE(GROK1_E_DOES_NOT_FIT);
  GROK1_VALUE(GROK1_E_NOT_FOUND);
  GROK1_VALUE(GROK1_E_IO);
  GROK1_VALUE(GROK1_E_BAD_FILE);
  GROK1_VALUE(GROK1_E_UNSUPPORTED);
  GROK1_VALUE(GROK1_E_NO_BACKEND);
  GROK1_VALUE(GROK1_E_BACKEND);
  GROK1_VALUE(GROK1_E_DEVICE_LOST);
  GROK1_VALUE(GROK1_E_BUSY);
  GROK1_VALUE(GROK1_E_CANCELLED);
  GROK1_VALUE(GROK1_E_CONTEXT_FULL);
  GROK1_VALUE(GROK1_E_BUFFER_TOO_SMALL);
  GROK1_VALUE(GROK1_E_NO_TOKENIZER);
  GROK1_VALUE(GROK1_E_OUT_OF_RANGE);
  GROK1_VALUE(GROK1_E_NO_WEIGHTS);
  GROK1_VALUE(GROK1_E_DISK_FULL);
  GROK1_VALUE(GROK1_E_FORKED);
  GROK1_VALUE(GROK1_E_INTERNAL);
  GROK1_VALUE(GROK1_S_STOPPED);
  GROK1_VALUE(GROK1_S_CANCELLED);
  GROK1_VALUE(GROK1_S_END_OF_TEXT);
  GROK1_VALUE(GROK1_S_CONTEXT_FULL);
  GROK1_VALUE(GROK1_SOURCE_NONE);
  GROK1_VALUE(GROK1_SOURCE_LIBRARY);
  GROK1_VALUE(GROK1_SOURCE_FILE);
  GROK1_VALUE(GROK1_SOURCE_SYSTEM);
  GROK1_VALUE(GROK1_SOURCE_BACKEND);
  GROK1_VALUE(GROK1_TYPE_RUNTIME_OPTIONS);
  GROK1_VALUE(GROK1_TYPE_LOAD_ENTRY);
  GROK1_VALUE(GROK1_TYPE_DEVICE_INFO);
  GROK1_VALUE(GROK1_TYPE_MODEL_OPTIONS);
  GROK1_VALUE(GROK1_TYPE_PLAN);
  GROK1_VALUE(GROK1_TYPE_MODEL_INFO);
  GROK1_VALUE(GROK1_TYPE_TENSOR_INFO);
  GROK1_VALUE(GROK1_TYPE_TOKENIZER_INFO);
  GROK1_VALUE(GROK1_TYPE_PIECE_INFO);
  GROK1_VALUE(GROK1_TYPE_SESSION_OPTIONS);
  GROK1_VALUE(GROK1_TYPE_BATCH);
  GROK1_VALUE(GROK1_TYPE_SAMPLER_OPTIONS);
  GROK1_VALUE(GROK1_TYPE_GENERATE_OPTIONS);
  GROK1_VALUE(GROK1_TYPE_STATS);
  GROK1_VALUE(GROK1_TYPE_PLAN_DEVICE);
  GROK1_VALUE(GROK1_TYPE_RATES);
  GROK1_VALUE(GROK1_LOG_ERROR);
  GROK1_VALUE(GROK1_LOG_WARNING);
  GROK1_VALUE(GROK1_LOG_INFO);
  GROK1_VALUE(GROK1_LOG_DEBUG);
  GROK1_VALUE(GROK1_RUNTIME_NO_SEARCH);
  GROK1_VALUE(GROK1_LOAD_LOADED);
  GROK1_VALUE(GROK1_LOAD_NO_DEVICE);
  GROK1_VALUE(GROK1_LOAD_DRIVER_TOO_OLD);
  GROK1_VALUE(GROK1_LOAD_MISSING_DEPENDENCY);
  GROK1_VALUE(GROK1_LOAD_NOT_A_PLUGIN);
  GROK1_VALUE(GROK1_LOAD_WRONG_ARCH);
  GROK1_VALUE(GROK1_LOAD_CPU_BASELINE);
  GROK1_VALUE(GROK1_LOAD_ABI_MAJOR);
  GROK1_VALUE(GROK1_LOAD_MISSING_FUNCTION);
  GROK1_VALUE(GROK1_LOAD_OPEN_FAILED);
  GROK1_VALUE(GROK1_LOAD_UNSAFE_PATH);
  GROK1_VALUE(GROK1_LOAD_VERIFY_DENIED);
  GROK1_VALUE(GROK1_LOAD_DISABLED);
  GROK1_VALUE(GROK1_LOAD_SHADOWED);
  GROK1_VALUE(GROK1_DEVICE_CPU);
  GROK1_VALUE(GROK1_DEVICE_GPU);
  GROK1_VALUE(GROK1_DEVICE_OTHER);
  GROK1_VALUE(GROK1_DEVICE_EXPLICIT_ONLY);
  GROK1_VALUE(GROK1_CACHE_DEFAULT);
  GROK1_VALUE(GROK1_CACHE_F32);
  GROK1_VALUE(GROK1_CACHE_BF16);
  GROK1_VALUE(GROK1_CACHE_F16);
  GROK1_VALUE(GROK1_CACHE_I8);
  GROK1_VALUE(GROK1_SPLIT_DEFAULT);
  GROK1_VALUE(GROK1_SPLIT_LAYER);
  GROK1_VALUE(GROK1_SPLIT_EXPERT);
  GROK1_VALUE(GROK1_SPLIT_FFN);
  GROK1_VALUE(GROK1_NO_LAYERS);
  GROK1_VALUE(GROK1_WEIGHTS_DEFAULT);
  GROK1_VALUE(GROK1_WEIGHTS_MAPPED);
  GROK1_VALUE(GROK1_WEIGHTS_READ);
  GROK1_VALUE(GROK1_RESIDENCY_NONE);
  GROK1_VALUE(GROK1_RESIDENCY_IN_MEMORY);
  GROK1_VALUE(GROK1_RESIDENCY_FROM_DISK);
  GROK1_VALUE(GROK1_ENCODING_NONE);
  GROK1_VALUE(GROK1_ENCODING_F32);
  GROK1_VALUE(GROK1_ENCODING_F16);
  GROK1_VALUE(GROK1_ENCODING_BF16);
  GROK1_VALUE(GROK1_ENCODING_I8);
  GROK1_VALUE(GROK1_ENCODING_Q8_0);
  GROK1_VALUE(GROK1_ENCODING_Q4_0);
  GROK1_VALUE(GROK1_ENCODING_Q4_1);
  GROK1_VALUE(GROK1_ENCODING_Q5_0);
  GROK1_VALUE(GROK1_ENCODING_Q5_1);
  GROK1_VALUE(GROK1_ENCODING_Q2_K);
  GROK1_VALUE(GROK1_ENCODING_Q3_K);
  GROK1_VALUE(GROK1_ENCODING_Q4_K);
  GROK1_VALUE(GROK1_ENCODING_Q5_K);
  GROK1_VALUE(GROK1_ENCODING_Q6_K);
  GROK1_VALUE(GROK1_ENCODING_IQ4_NL);
  GROK1_VALUE(GROK1_ENCODING_IQ4_XS);
  GROK1_VALUE(GROK1_ENCODING_IQ3_S);
  GROK1_VALUE(GROK1_ENCODING_IQ3_XXS);
  GROK1_VALUE(GROK1_ENCODING_IQ2_S);
  GROK1_VALUE(GROK1_ENCODING_IQ2_XS);
  GROK1_VALUE(GROK1_ENCODING_IQ2_XXS);
  GROK1_VALUE(GROK1_PIECE_NORMAL);
  GROK1_VALUE(GROK1_PIECE_UNKNOWN);
  GROK1_VALUE(GROK1_PIECE_CONTROL);
  GROK1_VALUE(GROK1_PIECE_USER_DEFINED);
  GROK1_VALUE(GROK1_PIECE_UNUSED);
  GROK1_VALUE(GROK1_PIECE_BYTE);
  GROK1_VALUE(GROK1_LOGITS_NONE);
  GROK1_VALUE(GROK1_LOGITS_LAST);
  GROK1_VALUE(GROK1_LOGITS_ALL);
  GROK1_VALUE(GROK1_GENERATE_IGNORE_EOS);
  GROK1_VALUE(GROK1_GENERATE_ADD_BOS);
  GROK1_VALUE(GROK1_TRACE_HIDDEN_X1);
  GROK1_VALUE(GROK1_TRACE_EXPERTS_X1);
  GROK1_VALUE(GROK1_TRACE_GATES_X1);
  GROK1_VALUE(GROK1_PROFILE_EMBED_X1);
  GROK1_VALUE(GROK1_PROFILE_ATTENTION_X1);
  GROK1_VALUE(GROK1_PROFILE_ADD_NORM_X1);
  GROK1_VALUE(GROK1_PROFILE_ROUTE_X1);
  GROK1_VALUE(GROK1_PROFILE_EXPERTS_X1);
  GROK1_VALUE(GROK1_PROFILE_LOGITS_X1);
  GROK1_VALUE(GROK1_PROFILE_PASSES_X1);
  GROK1_VALUE(GROK1_PROFILE_COUNT_X1);
}

}  // namespace

const char* grok1_abi_layout(void) {
  try {
    static const std::string layout = [] {
      LayoutText text;
      add_structs(text);
      add_values(text);
      return text.take();
    }();
    return layout.c_str();
  } catch (...) {
    return "";  // out of memory
  }
}
