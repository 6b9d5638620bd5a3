// Queues and events. Every call on a queue has done its work when it returns, so there is nothing to wait for.
#ifndef GROK1_BACKENDS_CPU_QUEUE_H
#define GROK1_BACKENDS_CPU_QUEUE_H

#include "backends/cpu/device.h"

namespace grok1::cpu {

struct Queue {
  Device* device;
};
struct Event {
  Device* device;
};

}  // namespace grok1::cpu

#endif
