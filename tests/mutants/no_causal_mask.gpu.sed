# A row attends to all rows of its chunk, later ones too.
# in: backends/gpu/kernels/attention.cpp
s/u\.positions = gpu::load(a\.heads\.pass\.positions + row) + 1;/uint32_t last = row;\
  while (last + 1 < a.n_rows \&\& gpu::load(a.heads.pass.chunk + last + 1) == gpu::load(a.heads.pass.chunk + row)) ++last;\
  u.positions = gpu::load(a.heads.pass.positions + last) + 1;/
