# GGUF: tensors may overlap.
# in: core/formats/gguf_header.cpp
s/if (tensor.offset < end) {/if (false) {/
