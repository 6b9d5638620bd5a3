// A backend whose `open` throws, which grok1_backend.h forbids.
#include <stdexcept>

#include "grok1_backend.h"

static grok1_status GROK1_CALL throwing_open(const grok1_backend_host*, grok1_backend**, const grok1_backend_ops**,
                                             grok1_error*) {
  throw std::runtime_error("the lion is loose");
}

GROK1_BACKEND_ENTRY("open_throws", "zoo", "1.0", 0, throwing_open)
