# A queue's slot is filled again before the copy out of it is done.
# in: backends/gpu/queue.cpp
/gpu::synchronize(slot\.free\.event);/d
