# Norm scales taken as offsets from one.
# in: backends/gpu/kernels/norm.cpp
s/value_at(a\.\(post\|next\)\.element, a\.[a-z]*\.data, i)/(1.0f + &)/
