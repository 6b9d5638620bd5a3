# SiLU in place of GELU.
# in: backends/gpu/kernels/experts.cpp
/const float inner = /d
s/return 0\.5f \* a \* (1\.0f + tanhf(inner)) \* b;/return a \/ (1.0f + expf(-a)) * b;/
