# Attention's soft cap missing.
# in: backends/reference/attention.cpp
/if (m\.attention_soft_cap != 0)/d
