# Attention takes a sequence's pages to be consecutive.
# in: backends/gpu/kernels/attention.cpp
s/gpu::load(u\.pages + \(.*\) \/ pages\.tokens), token/gpu::load(u.pages) + \1 \/ pages.tokens, token/
