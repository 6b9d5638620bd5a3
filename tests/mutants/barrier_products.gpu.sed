# Few rows: no barrier between the waves' products and their sums.
# in: backends/gpu/kernels/few_rows.h
/^    gpu::sync();$/{
N
s/.*\n\(    if (thread() < kOutputs) {\)/\1/
}
