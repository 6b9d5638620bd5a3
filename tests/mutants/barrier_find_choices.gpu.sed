# Experts: no barrier between finding an expert's choices and using them.
# in: backends/gpu/kernels/experts.cpp
/\*chosen\.count = count;/{
n
n
d
}
