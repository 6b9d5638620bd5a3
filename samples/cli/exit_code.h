// What the command's exit codes mean, and the one exception that carries an exit code and a message to main. It knows
// the library's statuses and nothing about any subcommand.
#pragma once

#include <exception>
#include <string>

#include "grok1.h"

namespace cli {

enum ExitCode {
  kOk = 0,
  kOther = 1,
  kUsage = 2,
  kBadFile = 3,
  kDoesNotFit = 4,
  kBackendMissing = 5,
  kDiskFull = 6,
  kInterrupted = 130,  // 128 + SIGINT, as shells count
};

// Ends the command. An empty message ends it quietly.
class Stop : public std::exception {
 public:
  Stop(ExitCode code, std::string message) : code_(code), message_(std::move(message)) {}
  ExitCode code() const { return code_; }
  const char* what() const noexcept override { return message_.c_str(); }

 private:
  ExitCode code_;
  std::string message_;
};

ExitCode exit_code_of(grok1_status status);

// Passes a success on and throws Stop for an error.
grok1_status check(grok1_status status, const grok1_error& err);

}  // namespace cli
