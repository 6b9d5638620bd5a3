# Many rows: the next tile is staged while others still multiply this one.
# in: backends/gpu/kernels/many_rows.h
/^      gpu::sync();$/{
N
s/.*\n\(      stage_weights\)/\1/
}
