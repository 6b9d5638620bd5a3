# GGUF: expert_feed_forward_length is overlooked.
# in: core/formats/gguf_config.cpp
s/if (values_.has(kExpertFfn)) config.ffn/if (false) config.ffn/
