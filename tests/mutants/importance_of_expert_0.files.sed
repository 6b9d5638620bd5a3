# convert: every expert is encoded with the importance of the first.
# in: core/convert/convert.cpp
s/importance_\[band.expert\]/importance_[0]/
