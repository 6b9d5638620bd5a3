// What members of a pass exchange. Inside a group that is the backend's comm extension; everything else goes through
// host memory: an event on the sender is waited for, the bytes are copied, the receiver's queue takes them from there.
#pragma once

#include "core/model/pass.h"

namespace grok1 {

// h of one member becomes h of another.
void move_rows(const Pass& pass, uint32_t from, uint32_t to);

// y of the home's first member = the sum over all owners of the layer's experts but the home's other members, which
// have the sums of their own shares in theirs.
void sum_of_experts(const Pass& pass, size_t layer);

// y of every member of a group = the sum of their y; nothing to do for a home of one.
void sum_in_group(const Pass& pass, size_t home);

}  // namespace grok1
