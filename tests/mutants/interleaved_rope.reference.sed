# Rope turns neighbouring dimensions instead of halves.
# in: backends/reference/attention.cpp
s/head\[i + half\]/head[2 * i + 1]/g
s/head\[i\]/head[2 * i]/g
