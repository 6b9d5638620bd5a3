# The first group's scales used for all of a column.
# in: backends/reference/weights.h
s/k \/ (desc\.k \/ desc\.groups)/0 * k/
