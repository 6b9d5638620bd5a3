#include "core/formats/hf_index.h"

#include <nlohmann/json.hpp>
#include <set>
#include <string_view>
#include <vector>

#include "core/base/failure.h"

namespace grok1 {
namespace {

using Json = nlohmann::json;

constexpr uint64_t kMostBytes = 16 << 20;  // Grok-1's has 250,000
constexpr size_t kMostDepth = 8;
constexpr size_t kMostName = 256;

bool is_printable(std::string_view name) {
  for (const char c : name) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return false;
  }
  return !name.empty() && name.size() <= kMostName;
}

// A file of the index's own folder.
bool is_file_name(std::string_view name) {
  return is_printable(name) && name.find('/') == std::string_view::npos && name.find("..") == std::string_view::npos &&
         name.ends_with(".safetensors");
}

class Parser {
 public:
  Parser(const std::string& path, std::string_view text) : path_(path), text_(text) {}

  std::map<std::string, std::string> run() {
    parse();
    if (!root_.is_object() || !root_.contains("weight_map")) fail_at("weight_map", "an object wanted, found none");
    const Json& map = root_["weight_map"];
    if (!map.is_object() || map.empty()) {
      fail_at("weight_map", "an object of names of tensors and files wanted, found {}",
              map.is_object() ? "none in it" : map.type_name());
    }
    std::map<std::string, std::string> files;
    for (const auto& [name, file] : map.items()) files[name] = checked_file(name, file);
    return files;
  }

  uint64_t place_of(const std::string& key, size_t from = 0) const {
    const size_t found = text_.find('"' + key + '"', from);
    return found == std::string_view::npos ? from : found;
  }

 private:
  void parse() {
    const auto look = [this](int /*depth*/, Json::parse_event_t event, Json& value) {
      see(event, value);
      return true;
    };
    try {
      root_ = Json::parse(text_.begin(), text_.end(), look);
    } catch (const Json::parse_error& error) {  // counts bytes from 1, 0 where it knows none
      fail_in_file(path_, error.byte == 0 ? 0 : error.byte - 1, "JSON wanted, found a syntax error");
    } catch (const Json::exception&) {
      fail_in_file(path_, 0, "JSON with numbers that a double can hold wanted");
    }
  }

  void see(Json::parse_event_t event, const Json& value) {
    using Event = Json::parse_event_t;
    if (event == Event::object_start || event == Event::array_start) {
      if (keys_.size() == kMostDepth) fail_in_file(path_, 0, "JSON of {} levels at most wanted", kMostDepth);
      keys_.emplace_back();
    } else if (event == Event::object_end || event == Event::array_end) {
      keys_.pop_back();
    } else if (event == Event::key && !keys_.back().insert(value.get<std::string>()).second) {
      const auto key = value.get<std::string>();
      fail_in_file(path_, place_of(key, place_of(key) + 1), "a key that was not there before wanted{}",
                   is_printable(key) ? ", found '" + key + "' again" : "");
    }
  }

  std::string checked_file(const std::string& name, const Json& file) const {
    if (!is_printable(name)) {
      fail_at("weight_map", "names of 1 to {} bytes without control characters wanted, found another", kMostName);
    }
    if (!file.is_string()) fail_at(name, "the name of a file wanted, found {}", file.type_name());
    const auto& file_name = file.get_ref<const std::string&>();
    if (!is_file_name(file_name)) {
      fail_at(name, "the name of a .safetensors file beside the index wanted, found {}",
              file.dump(-1, ' ', true, Json::error_handler_t::replace).substr(0, kMostName));
    }
    return file_name;
  }

  template <class... Args>
  [[noreturn]] void fail_at(const std::string& key, fmt::format_string<Args...> format, Args&&... args) const {
    fail_in_file(path_, place_of(key), "\"{}\": {}", key, fmt::format(format, std::forward<Args>(args)...));
  }

  const std::string& path_;
  std::string_view text_;
  std::vector<std::set<std::string>> keys_;  // of the objects that are open; arrays have none
  Json root_;
};

// What of a file may be parsed.
std::string_view text_of(const MappedFile& file) {
  if (file.size() > kMostBytes) {
    fail_in_file(file.path(), kMostBytes, "an index of at most {} bytes wanted, found {}", kMostBytes, file.size());
  }
  const std::string_view text(reinterpret_cast<const char*>(file.bytes().data()), file.size());
  // The parser takes a NUL for the end of the text.
  if (const size_t nul = text.find('\0'); nul != std::string_view::npos) {
    fail_in_file(file.path(), nul, "JSON wanted, found a NUL byte");
  }
  return text;
}

}  // namespace

HfIndex::HfIndex(const std::string& path) : file_(path), files_(Parser(path, text_of(file_)).run()) {}

void HfIndex::fail_at(const std::string& tensor, const std::string& what) const {
  fail_in_file(file_.path(), Parser(file_.path(), text_of(file_)).place_of(tensor), "\"{}\": {}", tensor, what);
}

}  // namespace grok1
