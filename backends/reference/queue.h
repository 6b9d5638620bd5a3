// A queue of the reference runs each call before it returns; so an event is always done, and a failure is the call's
// own.
#ifndef GROK1_BACKENDS_REFERENCE_QUEUE_H
#define GROK1_BACKENDS_REFERENCE_QUEUE_H

#include "grok1_backend.h"

namespace grok1::reference {

struct Queue {
  const grok1_device* device;
};

struct Event {
  const grok1_device* device;
};

}  // namespace grok1::reference

#endif
