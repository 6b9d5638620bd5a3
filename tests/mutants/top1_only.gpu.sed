# Only the best expert used.
# in: backends/gpu/kernels/norm.cpp
s/expf(s\[best\] - largest) \/ sum/i == 0 ? expf(s[best] - largest) \/ sum : 0.0f/
