// Texts and the ids that SentencePiece 0.1.97 gave for them with Grok-1's own tokenizer.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace grok1::test {

struct GoldenIds {
  std::string text;
  std::vector<int32_t> ids;
};

inline const GoldenIds kGoldenIds[] = {
    {"The answer to life the universe and everything is of course",
     {422, 3033, 356, 1180, 333, 9072, 360, 2175, 391, 359, 1805}},
    {"", {}},
    {"Hello", {11770}},
    {" Hello", {325, 17523}},
    {"  Hello", {325, 11770}},
    {"a  b", {327, 325, 130110}},
    {"a    b", {327, 336, 130110}},
    {"a\nb", {327, 4, 130110}},
    {"a\n\nb\n", {327, 5, 130110, 4}},
    {std::string(12, '\n'), {130089, 13, 5}},
    {std::string(9, '\t'), {130089, 31, 24}},
    {std::string(17, ' '), {541, 325}},
    {"Hello ", {11770, 130089}},
    {"2024-03-17 12345", {130089, 16, 14, 16, 18, 130116, 14, 17, 130116, 15, 21, 130089, 15, 16, 17, 18, 19}},
    {"<|separator|>Hi<|control1|>", {130089, 47, 24648, 49}},
    {"[BOS] hi [EOS]", {794, 130131, 2917, 130165, 16462, 794, 59486, 130165}},
    {"héllo wörld", {99798, 7041, 337, 11865, 450}},
    {"日本語テスト", {54164, 130670, 99030}},
    {"🤖🚀", {130089, 309, 228, 233, 219, 130956}},
    {"Привет, мир", {29269, 28396, 130111, 27962, 130185}},
    {"العربية", {112007, 122489, 73154}},
    {std::string("a\0b", 3), {327, 69, 130110}},
    {"▁a", {325, 130092}},
    {"#include <stdio.h>\nint main(void) {\n\treturn 0;\n}\n",
     {664,    3273, 687, 38350, 130109, 130098, 130151, 4,      635, 1416,   130120, 7118,
      130119, 595,  4,   24,    1885,   130089, 14,     130145, 4,   130147, 4}},
};

}  // namespace grok1::test
