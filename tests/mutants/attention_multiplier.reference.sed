# Attention scaled by 1 / sqrt(head_dim) instead of the config's multiplier.
# in: backends/reference/attention.cpp
s/dot \* m\.attention_multiplier/dot \/ std::sqrt(double(m.head_dim))/
