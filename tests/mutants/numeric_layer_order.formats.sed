# Layers' files read in the order 0, 1, 2 .. instead of 0, 1, 10, 11, 2 ..
# in: core/formats/xai_names.cpp
s/std::to_string(a) < std::to_string(b)/a < b/
