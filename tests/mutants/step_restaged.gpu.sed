# A pass's data are staged where a copy of an earlier pass may still read.
# in: backends/gpu/step.cpp
/gpu::synchronize(step.copied\[turn\].event);/d
