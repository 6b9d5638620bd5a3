# Many rows: no barrier between staging a tile and multiplying it.
# in: backends/gpu/kernels/many_rows.h
/^      gpu::sync();$/{
N
s/.*\n\(      products\.multiply\)/\1/
}
