// How a call of this backend fails: refuse() throws where the fault is found, guarded() turns it into the status and
// text that the host sees, and lets no exception pass. Knows no operator; the checks of arguments are in arguments.h.
#ifndef GROK1_BACKENDS_GPU_REFUSAL_H
#define GROK1_BACKENDS_GPU_REFUSAL_H

#include <exception>
#include <new>

#include "grok1_backend.h"
#include "vendor/runtime.h"

namespace grok1::accel {

struct Refusal {
  grok1_status status;
  char message[sizeof(grok1_error::message)];  // fixed, so that reporting "out of memory" needs none
};

[[noreturn]] __attribute__((format(printf, 2, 3))) void refuse(grok1_status status, const char* format, ...);

grok1_status write_error(grok1_error* err, grok1_status status, const char* message, int32_t code = 0) noexcept;
grok1_status status_of(gpu::Error::Kind kind) noexcept;

template <class Body>
grok1_status guarded(grok1_error* err, const Body& body) noexcept {
  try {
    body();
    return GROK1_OK;
  } catch (const Refusal& refusal) {
    return write_error(err, refusal.status, refusal.message);
  } catch (const gpu::Error& error) {
    return write_error(err, status_of(error.kind), error.text.c_str(), error.code);
  } catch (const std::bad_alloc&) {
    return write_error(err, GROK1_E_OUT_OF_MEMORY, "the host has no memory left for a small allocation; free some");
  } catch (const std::exception& fault) {
    return write_error(err, GROK1_E_INTERNAL, fault.what());
  } catch (...) {
    return write_error(err, GROK1_E_INTERNAL, "an exception of unknown type; please report it");
  }
}

}  // namespace grok1::accel

#endif
