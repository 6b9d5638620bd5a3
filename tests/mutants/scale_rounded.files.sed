# convert: a scale that f16 has not is rounded, and called exact.
# in: core/convert/rows.cpp
s/exact_ = std::isfinite(scale) .*/exact_ = std::isfinite(scale);/
