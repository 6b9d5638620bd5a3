// Reading and writing, each system call checked.
#include "files.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>

#include "exit_code.h"
#include "text.h"

namespace cli {
namespace {

bool is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

[[noreturn]] void stop_stdout(int error_number) {
  if (error_number == EPIPE) throw Stop(kOther, "");
  stop_writing("standard output", error_number);
}

}  // namespace

std::string read_file(const std::string& path) {
  const bool standard = path == "-";
  const char* name = standard ? "standard input" : path.c_str();
  const int fd = standard ? STDIN_FILENO : open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) throw Stop(kBadFile, text("%s: cannot be opened: %s", name, std::strerror(errno)));
  std::string bytes;
  std::vector<char> block(1 << 16);
  ssize_t n;
  while ((n = read(fd, block.data(), block.size())) != 0) {
    if (n > 0) bytes.append(block.data(), static_cast<size_t>(n));
    if (n < 0 && errno != EINTR) break;
  }
  const int error_number = errno;
  if (!standard) close(fd);
  if (n < 0) throw Stop(kBadFile, text("%s: cannot be read: %s", name, std::strerror(error_number)));
  return bytes;
}

TokenFile read_tokens(const std::string& path) {
  const std::string bytes = read_file(path);
  TokenFile file{path == "-" ? "standard input" : path, {}, {}};
  const char* const begin = bytes.data();
  const char* const end = begin + bytes.size();
  for (const char* at = begin; at != end;) {
    if (is_space(*at)) {
      ++at;
      continue;
    }
    int32_t id = 0;
    const auto [next, error] = std::from_chars(at, end, id);
    const auto offset = static_cast<size_t>(at - begin);
    if (error != std::errc() || id < 0 || (next != end && !is_space(*next))) {
      const std::string word(at, std::min(std::find_if(at, end, is_space), at + 24));
      throw Stop(kBadFile,
                 text("%s: byte %zu: a token id was expected, found \"%s\"; ids are decimal numbers with white "
                      "space between",
                      file.path.c_str(), offset, word.c_str()));
    }
    file.ids.push_back(id);
    file.offsets.push_back(offset);
    at = next;
  }
  return file;
}

void TokenFile::require_below(uint32_t vocab_size) const {
  for (size_t i = 0; i < ids.size(); ++i)
    if (static_cast<uint32_t>(ids[i]) >= vocab_size)
      throw Stop(kBadFile, text("%s: byte %zu: token id %d, the vocabulary has 0 .. %u", path.c_str(), offsets[i],
                                ids[i], vocab_size - 1));
}

void write_stdout(std::string_view bytes) {
  if (std::fwrite(bytes.data(), 1, bytes.size(), stdout) != bytes.size()) stop_stdout(errno);
}

void flush_stdout() {
  if (std::fflush(stdout) != 0) stop_stdout(errno);
}

void stop_writing(const std::string& path, int error_number) {
  const bool full = error_number == ENOSPC || error_number == EDQUOT;
  throw Stop(full ? kDiskFull : kOther, text("%s: cannot be written: %s", path.c_str(), std::strerror(error_number)));
}

OutputFile::OutputFile(std::string path)
    : path_(std::move(path)),
      part_(path_ + ".part"),
      fd_(open(part_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)) {
  if (fd_ < 0) stop_writing(part_, errno);
}

OutputFile::~OutputFile() {
  if (fd_ < 0) return;
  close(fd_);
  unlink(part_.c_str());
}

void OutputFile::write(const void* data, size_t size) {
  const char* at = static_cast<const char*>(data);
  while (size > 0) {
    const ssize_t n = ::write(fd_, at, size);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) stop_writing(path_, errno);
    at += n;
    size -= static_cast<size_t>(n);
  }
}

void OutputFile::commit() {
  // close can be the first to report that the file system is full; the file is gone from fd_ in any case.
  const int closed = close(fd_);
  const int error_number = errno;
  fd_ = -1;
  if (closed == 0 && rename(part_.c_str(), path_.c_str()) == 0) return;
  const int reason = closed != 0 ? error_number : errno;
  unlink(part_.c_str());
  stop_writing(path_, reason);
}

}  // namespace cli
