# Attention's soft cap missing.
# in: backends/cpu/kernels/attend.h
/if (a\.soft_cap != 0\.0f)/d
