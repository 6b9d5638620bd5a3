// ELF-64 as the System V ABI (gABI, chapters 4 and 5) defines it; structures and constants are those of <elf.h>.
#include "core/plugin/elf_note.h"

#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string_view>
#include <system_error>

#include "core/plugin/refusal.h"
#include "grok1_backend.h"

namespace grok1 {
namespace {

#if defined(__x86_64__)
constexpr uint16_t kMachine = EM_X86_64;
#elif defined(__aarch64__)
constexpr uint16_t kMachine = EM_AARCH64;
#else
#error "name this machine's ELF number (e_machine)"
#endif
constexpr unsigned char kByteOrder = std::endian::native == std::endian::little ? ELFDATA2LSB : ELFDATA2MSB;

// Larger than any note or dynamic section of a real library; a patched size must not make us allocate gigabytes.
constexpr uint64_t kMostBytes = 1 << 20;
constexpr size_t kMostNameBytes = 256;
constexpr size_t kMostSegments = 256;

std::string machine_name(uint16_t machine) {
  switch (machine) {
    case EM_386: return "32-bit x86";
    case EM_X86_64: return "x86-64";
    case EM_ARM: return "32-bit ARM";
    case EM_AARCH64: return "AArch64";
    case EM_PPC64: return "PowerPC 64";
    case EM_RISCV: return "RISC-V";
    default: return fmt::format("ELF machine {}", machine);
  }
}

std::string system_message() {
  return std::generic_category().message(errno);
}

class File {
 public:
  explicit File(const std::string& path)
      : descriptor_(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)) {
    struct stat status {};
    if (descriptor_ < 0 || fstat(descriptor_, &status) != 0) {
      const std::string why = system_message();
      close_descriptor();
      refuse(GROK1_LOAD_NOT_A_PLUGIN, "the file cannot be read: {}; check its name and permissions", why);
    }
    if (!S_ISREG(status.st_mode)) {
      close_descriptor();
      refuse(GROK1_LOAD_NOT_A_PLUGIN, "{}, not a file; name the plugin's file, libgrok1_ID.so",
             S_ISDIR(status.st_mode) ? "this is a directory" : "this is a device, pipe or socket");
    }
    size_ = static_cast<uint64_t>(status.st_size);
  }
  ~File() { close_descriptor(); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  uint64_t size() const { return size_; }

  void require(uint64_t offset, uint64_t size, const char* what) const {
    uint64_t end = 0;
    if (__builtin_add_overflow(offset, size, &end) || end > size_) {
      refuse(GROK1_LOAD_NOT_A_PLUGIN,
             "its {} should lie at bytes {} + {}, but the file ends at byte {}; it is incomplete: "
             "copy or install it again",
             what, offset, size, size_);
    }
  }

  void read(uint64_t offset, void* out, size_t size, const char* what) const {
    require(offset, size, what);
    for (size_t done = 0; done < size;) {
      const ssize_t n =
          pread(descriptor_, static_cast<char*>(out) + done, size - done, static_cast<off_t>(offset + done));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) refuse(GROK1_LOAD_NOT_A_PLUGIN, "the file cannot be read: {}", system_message());
      if (n == 0) refuse(GROK1_LOAD_NOT_A_PLUGIN, "the file became shorter while it was read; try again");
      done += static_cast<size_t>(n);
    }
  }

  template <class T>
  std::vector<T> read_array(uint64_t offset, uint64_t bytes, const char* what) const {
    require(offset, bytes, what);
    if (bytes > kMostBytes) refuse(GROK1_LOAD_NOT_A_PLUGIN, "its {} of {} bytes is too large to be true", what, bytes);
    std::vector<T> items(bytes / sizeof(T));
    read(offset, items.data(), items.size() * sizeof(T), what);
    return items;
  }

 private:
  void close_descriptor() {
    if (descriptor_ >= 0) close(descriptor_);
    descriptor_ = -1;
  }

  int descriptor_;
  uint64_t size_ = 0;
};

Elf64_Ehdr read_header(const File& file) {
  Elf64_Ehdr header{};
  if (file.size() == 0) refuse(GROK1_LOAD_NOT_A_PLUGIN, "the file is empty; copy or install it again");
  file.read(0, &header, std::min<uint64_t>(file.size(), sizeof header), "header");
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) {
    refuse(GROK1_LOAD_NOT_A_PLUGIN, "this is not an ELF shared library; a backend is one, built with grok1_backend.h");
  }
  file.require(0, sizeof header, "ELF header");
  const std::string ours = machine_name(kMachine);
  if (header.e_ident[EI_CLASS] != ELFCLASS64) {
    refuse(GROK1_LOAD_WRONG_ARCH, "built for a 32-bit machine, this one is {}; install the {} build", ours, ours);
  }
  if (header.e_ident[EI_DATA] != kByteOrder || header.e_machine != kMachine) {
    refuse(GROK1_LOAD_WRONG_ARCH, "built for {}{}, this machine is {}; install the {} build",
           machine_name(header.e_machine), header.e_ident[EI_DATA] != kByteOrder ? " in another byte order" : "", ours,
           ours);
  }
  if (header.e_type != ET_DYN) {
    refuse(GROK1_LOAD_NOT_A_PLUGIN, "an ELF file of type {}, but not a shared library (type {})", header.e_type,
           ET_DYN);
  }
  return header;
}

// All of the program headers, after making sure that whatever the loader would map is there: touching a mapped page
// behind the end of a file would be fatal to the process.
std::vector<Elf64_Phdr> read_segments(const File& file, const Elf64_Ehdr& header) {
  if (header.e_phentsize != sizeof(Elf64_Phdr)) {
    refuse(GROK1_LOAD_NOT_A_PLUGIN, "its program headers are {} bytes each instead of {}; the file is damaged",
           header.e_phentsize, sizeof(Elf64_Phdr));
  }
  if (header.e_phnum > kMostSegments) {
    refuse(GROK1_LOAD_NOT_A_PLUGIN, "its {} program headers are too many to be true; the file is damaged",
           header.e_phnum);
  }
  file.require(header.e_shoff, uint64_t{header.e_shentsize} * header.e_shnum, "section headers");
  auto segments =
      file.read_array<Elf64_Phdr>(header.e_phoff, uint64_t{header.e_phnum} * sizeof(Elf64_Phdr), "program headers");
  for (const Elf64_Phdr& segment : segments) {
    if (segment.p_type != PT_NULL) file.require(segment.p_offset, segment.p_filesz, "segment");
  }
  return segments;
}

std::optional<PluginFile> find_note(const std::vector<unsigned char>& notes, uint64_t alignment) {
  const auto align = [&](uint64_t size) { return (size + alignment - 1) / alignment * alignment; };
  Elf64_Nhdr note{};
  for (uint64_t at = 0; at + sizeof note <= notes.size();) {
    std::memcpy(&note, &notes[at], sizeof note);
    const uint64_t name = at + sizeof note, text = at + align(sizeof note + note.n_namesz);
    if (text + note.n_descsz > notes.size()) return std::nullopt;
    if (note.n_type == GROK1_BACKEND_NOTE && note.n_namesz == sizeof "grok1" && note.n_descsz >= 8 &&
        std::memcmp(&notes[name], "grok1", sizeof "grok1") == 0) {
      PluginFile plugin;
      std::memcpy(&plugin.abi_major, &notes[text], 2);
      std::memcpy(&plugin.abi_minor, &notes[text + 2], 2);
      std::memcpy(&plugin.cpu_level, &notes[text + 4], 4);
      return plugin;
    }
    at = align(text + note.n_descsz);
  }
  return std::nullopt;
}

// The position in the file of an address in memory.
std::optional<uint64_t> file_offset(const std::vector<Elf64_Phdr>& segments, uint64_t address) {
  for (const Elf64_Phdr& segment : segments) {
    if (segment.p_type == PT_LOAD && address >= segment.p_vaddr && address - segment.p_vaddr < segment.p_filesz) {
      return segment.p_offset + (address - segment.p_vaddr);
    }
  }
  return std::nullopt;
}

std::vector<std::string> read_needed(const File& file, const std::vector<Elf64_Phdr>& segments,
                                     const Elf64_Phdr& dynamic) {
  const auto entries = file.read_array<Elf64_Dyn>(dynamic.p_offset, dynamic.p_filesz, "dynamic section");
  std::vector<uint64_t> name_offsets;
  std::optional<uint64_t> strings;
  for (const Elf64_Dyn& entry : entries) {
    if (entry.d_tag == DT_NULL) break;
    if (entry.d_tag == DT_NEEDED) name_offsets.push_back(entry.d_un.d_val);
    if (entry.d_tag == DT_STRTAB) strings = file_offset(segments, entry.d_un.d_ptr);
  }
  std::vector<std::string> names;
  for (const uint64_t offset : name_offsets) {
    if (!strings || offset >= file.size() - *strings) continue;
    char name[kMostNameBytes] = {};
    const uint64_t at = *strings + offset;
    file.read(at, name, std::min<uint64_t>(sizeof name - 1, file.size() - at), "string table");
    names.emplace_back(name);
  }
  return names;
}

}  // namespace

PluginFile read_plugin_file(const std::string& path) {
  const File file(path);
  const std::vector<Elf64_Phdr> segments = read_segments(file, read_header(file));
  std::optional<PluginFile> plugin;
  for (const Elf64_Phdr& segment : segments) {
    if (segment.p_type != PT_NOTE || plugin) continue;
    plugin = find_note(file.read_array<unsigned char>(segment.p_offset, segment.p_filesz, "notes"),
                       segment.p_align == 8 ? 8 : 4);
  }
  if (!plugin) {
    refuse(GROK1_LOAD_NOT_A_PLUGIN,
           "a shared library, but it carries no grok1 note; build it with GROK1_BACKEND_ENTRY of grok1_backend.h");
  }
  for (const Elf64_Phdr& segment : segments) {
    if (segment.p_type != PT_DYNAMIC) continue;
    plugin->needed = read_needed(file, segments, segment);
    break;
  }
  return *plugin;
}

}  // namespace grok1
