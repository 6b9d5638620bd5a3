# all_reduce overwrites a rank's floats before the others have fetched them.
# in: backends/gpu/comm.cpp
/if (s != r) gpu::wait(stream, comm\.ranks\[s\]->fetched\.event);/{
N
s/.*\n//
}
