# The first group's scales used for all of a column.
# in: backends/gpu/kernels/few_rows.h
s/m\.scale_at(expert, block \/ m\.split\.blocks_per_group(), output)/m.scale_at(expert, 0, output)/
