# GGUF: the number of elements may wrap.
# in: core/formats/gguf_header.cpp
s/CheckedSize elements = 1;/uint64_t elements = 1;/;s/elements.value()/elements/g
