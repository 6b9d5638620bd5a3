// Reads a JSON array of objects from standard input and prints it as lines "NUMBER KEY VALUE", for shell scripts.
#include <iostream>
#include <nlohmann/json.hpp>

int main() {
  const nlohmann::ordered_json rows = nlohmann::ordered_json::parse(std::cin, nullptr, false);
  if (!rows.is_array()) return 1;
  for (size_t i = 0; i < rows.size(); ++i) {
    if (!rows[i].is_object()) return 1;
    for (const auto& [key, value] : rows[i].items()) std::cout << i << ' ' << key << ' ' << value << '\n';
  }
  return 0;
}
