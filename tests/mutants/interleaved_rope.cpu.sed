# Rope turns neighbouring dimensions instead of halves.
# in: backends/cpu/attention.cpp
/^void rotate(/,/^}/{
s/b = in\[i + half\]/b = in[2 * i + 1]/
s/a = in\[i\]/a = in[2 * i]/
s/out\[i + half\]/out[2 * i + 1]/
s/out\[i\]/out[2 * i]/
}
