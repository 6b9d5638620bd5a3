// One line on the terminal that says how far something has come, how fast, and how long it will still take. Where
// stderr is no terminal it says nothing.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace cli {

class Progress {
 public:
  enum class Unit { kBytes, kTokens };

  Progress(std::string label, Unit unit);
  ~Progress();  // wipes the line
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // What is done at the first call was done before, and does not count for the rate.
  void update(uint64_t done, uint64_t total);
  void wipe();  // so that other lines may be written

 private:
  using Clock = std::chrono::steady_clock;

  std::string amount(double count) const;

  std::string label_;
  Unit unit_;
  bool terminal_;
  bool drawn_ = false, begun_ = false;
  uint64_t before_ = 0;
  Clock::time_point start_ = Clock::now();
  Clock::time_point last_ = start_;  // what is done at once draws nothing
};

}  // namespace cli
