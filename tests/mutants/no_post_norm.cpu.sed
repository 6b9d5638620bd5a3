# The operator's result added to h without its post-norm.
# in: backends/cpu/add_norm.cpp
s/if (y != nullptr) self\.kernels\.add_norm(.*/for (uint32_t i = 0; y != nullptr \&\& i < d; ++i) h[r * d + i] += y[r * d + i];/
