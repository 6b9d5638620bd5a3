# Many rows: the low digits' products left out.
# in: backends/gpu/kernels/many_rows.h
s/256 \* high\[i\]\[j\] + low\[i\]\[j\]/256 * high[i][j]/
