# Norm scales taken as offsets from one.
# in: backends/reference/norm.h
s/scale\.at(0, i, 0) \* v\[i\]/(1 + scale.at(0, i, 0)) * v[i]/
