# The first group's scales used for all of a column.
# in: backends/cpu/chunks.cpp
s/static_cast<uint32_t>(group - first_group)/static_cast<uint32_t>(0 * (group - first_group))/
