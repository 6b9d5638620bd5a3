# GGUF: offset and size of a tensor are added before they are compared with the file.
# in: core/formats/gguf_header.cpp
s/tensor.offset > room || tensor.bytes > room - tensor.offset/tensor.offset + tensor.bytes > room/
