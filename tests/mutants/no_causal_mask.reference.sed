# A row attends to all rows of its chunk, later ones too.
# in: backends/reference/attention.cpp
/^void attend(/,/^}/s/const uint32_t position = step\.pass\.positions\[row\], slot/uint32_t last = row;\n  while (last + 1 < step.pass.n_rows() \&\& step.pass.positions[last + 1] == step.pass.positions[last] + 1) ++last;\n  const uint32_t position = step.pass.positions[last], slot/
