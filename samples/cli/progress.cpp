// Draws the progress line: "loading  ████████████████░░░░  81 %  144.0 GB of 178.0 GB  3.7 GB/s  9 s left".
#include "progress.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "text.h"

namespace cli {
namespace {

constexpr int kCells = 20;
constexpr auto kRedraw = std::chrono::milliseconds(100);

std::string duration(double seconds) {
  const auto s = static_cast<unsigned long>(seconds + 0.5);
  if (s < 100) return text("%lu s", s);
  if (s < 6000) return text("%lu min", (s + 30) / 60);
  return text("%.1f h", seconds / 3600);
}

}  // namespace

Progress::Progress(std::string label, Unit unit)
    : label_(std::move(label)), unit_(unit), terminal_(isatty(STDERR_FILENO) == 1) {}

Progress::~Progress() {
  wipe();
}

void Progress::wipe() {
  if (drawn_) std::fputs("\r\033[K", stderr);
  drawn_ = false;
}

std::string Progress::amount(double count) const {
  if (unit_ == Unit::kBytes) return file_size(static_cast<uint64_t>(count));
  return text(count < 100 ? "%.1f tokens" : "%.0f tokens", count);
}

void Progress::update(uint64_t done, uint64_t total) {
  const auto now = Clock::now();
  if (!begun_) before_ = done;
  begun_ = true;
  if (!terminal_ || total == 0 || now - last_ < kRedraw) return;
  last_ = now;
  const double fraction = std::min(1.0, static_cast<double>(done) / static_cast<double>(total));
  std::string bar;
  for (int i = 0; i < kCells; ++i) bar += fraction * kCells >= i + 0.5 ? "█" : "░";
  std::string line = text("\r%s  %s  %2.0f %%  %s of %s", label_.c_str(), bar.c_str(), 100 * fraction,
                          amount(static_cast<double>(done)).c_str(), amount(static_cast<double>(total)).c_str());
  const double seconds = std::chrono::duration<double>(now - start_).count();
  if (done > before_ && seconds > 0.5) {
    const double rate = static_cast<double>(done - before_) / seconds;
    line += text("  %s/s  %s left", amount(rate).c_str(), duration(static_cast<double>(total - done) / rate).c_str());
  }
  std::fputs((line + "\033[K").c_str(), stderr);
  drawn_ = true;
}

}  // namespace cli
