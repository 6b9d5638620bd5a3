# GGUF: the soft cap of a router that Grok-1 has not is read as that of attention.
# in: core/formats/gguf_config.cpp
s/"grok.attn_logit_softcapping"/"grok.router_logit_softcapping"/
