// Statuses of the library as exit codes of the command.
#include "exit_code.h"

namespace cli {

ExitCode exit_code_of(grok1_status status) {
  switch (status) {
    case GROK1_E_NOT_FOUND:
    case GROK1_E_IO:
    case GROK1_E_BAD_FILE:
    case GROK1_E_NO_TOKENIZER: return kBadFile;
    case GROK1_E_OUT_OF_MEMORY:
    case GROK1_E_DOES_NOT_FIT: return kDoesNotFit;
    case GROK1_E_INVALID_ARGUMENT: return kUsage;
    case GROK1_E_NO_BACKEND: return kBackendMissing;
    case GROK1_E_DISK_FULL: return kDiskFull;
    case GROK1_E_CANCELLED:
    case GROK1_S_CANCELLED: return kInterrupted;
    default: return status < 0 ? kOther : kOk;
  }
}

grok1_status check(grok1_status status, const grok1_error& err) {
  if (status >= 0) return status;
  std::string message = err.message[0] != '\0' ? err.message : grok1_status_name(status);
  if (status == GROK1_E_CANCELLED) message = "interrupted";
  if (status == GROK1_E_NO_BACKEND) message += "\nwhat was found and why it is not used: grok1 devices";
  throw Stop(exit_code_of(status), message);
}

}  // namespace cli
