# Attention's soft cap missing.
# in: backends/gpu/kernels/attention.cpp
/if (a\.soft_cap != 0)/d
