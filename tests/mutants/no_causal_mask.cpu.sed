# A row attends to all rows of its chunk, later ones too.
# in: backends/cpu/attention.cpp
s/positions = c\.step\.pass\.positions\[row\] + 1;/uint32_t last = row;\
    while (last + 1 < c.step.pass.n_rows \&\& c.step.pass.chunk[last + 1] == c.step.pass.chunk[row]) ++last;\
    positions = c.step.pass.positions[last] + 1;/
