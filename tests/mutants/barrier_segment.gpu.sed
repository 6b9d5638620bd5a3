# Few rows: no barrier behind the sums of a segment; a wave that is ahead writes products that others still add.
# in: backends/gpu/kernels/few_rows.h
/^        end_block(sum, m, expert,/{
n
n
n
d
}
