# Embedding rows without their multiplier.
# in: backends/gpu/kernels/norm.cpp
s/ \* a\.multiplier;/;/
