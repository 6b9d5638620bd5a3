# Attention scaled by 1 / sqrt(head_dim) instead of the config's multiplier.
# in: backends/cpu/attention.cpp
s/a\.multiplier = c\.step\.model\.attention_multiplier;/a.multiplier = 1.0f \/ __builtin_sqrtf(static_cast<float>(c.dim));/
