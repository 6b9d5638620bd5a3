# Attention scaled by 1 / sqrt(head_dim) instead of the config's multiplier.
# in: backends/gpu/attention.cpp
s/attend\.multiplier = model\.attention_multiplier;/attend.multiplier = 1.0f \/ __builtin_sqrtf(static_cast<float>(model.head_dim));/
