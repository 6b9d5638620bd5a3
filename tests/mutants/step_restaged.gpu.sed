# A step's data is staged anew before the copy of the pass before the last is done.
# in: backends/gpu/step.cpp
/gpu::synchronize(step\.copied\[turn\]\.event);/d
