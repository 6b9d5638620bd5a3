# After header_text.awk: reads grok1.h and writes a C program that prints the header's layout in the form of
# grok1_abi_layout (see there): every struct with the offset and size of its fields, every enumerator with its value. The
# numbers are the compiler's.
function print_field(struct, declarator) {
  gsub(/\[[^]]*\]/, "", declarator)
  gsub(/[ \t*]+$/, "", declarator)
  sub(/^.*[ \t*]/, "", declarator)
  printf "  printf(\"field %s %%lu %%lu\\n\", (unsigned long)offsetof(%s, %s), (unsigned long)sizeof(((%s *)0)->%s));\n",
         declarator, struct, declarator, struct, declarator
}

function print_struct(struct, body,    type, n, fields, i, m, declarators, j) {
  type = toupper(struct)
  sub(/^GROK1_/, "GROK1_TYPE_", type)
  if (index(text, type " =") == 0) type = "0"
  printf "  printf(\"struct %s %%lu %%lu\\n\", (unsigned long)%s, (unsigned long)sizeof(%s));\n", struct, type, struct
  n = split(body, fields, ";")
  for (i = 1; i <= n; ++i) {
    if (fields[i] !~ /[a-z]/) continue
    m = split(fields[i], declarators, ",")
    for (j = 1; j <= m; ++j) print_field(struct, declarators[j])
  }
}

function remember_values(body,    n, values, i, name) {
  n = split(body, values, ",")
  for (i = 1; i <= n; ++i) {
    name = values[i]
    sub(/=.*/, "", name)
    gsub(/[ \t]/, "", name)
    if (name != "") all_values[++n_values] = name
  }
}

END {
  print "#include <stddef.h>\n#include <stdio.h>\n#include \"grok1.h\"\nint main(void) {"
  header = bare(text)
  while (match(header, /(typedef struct [a-z0-9_]+|enum) *[{][^}]*[}]/)) {
    part = substr(header, RSTART, RLENGTH - 1)
    header = substr(header, RSTART + RLENGTH)
    head = substr(part, 1, index(part, "{") - 1)
    body = substr(part, index(part, "{") + 1)
    if (head ~ /^enum/) {
      remember_values(body)
    } else {
      sub(/^typedef struct /, "", head)
      gsub(/ /, "", head)
      print_struct(head, body)
    }
  }
  for (i = 1; i <= n_values; ++i) printf "  printf(\"value %s %%ld\\n\", (long)%s);\n", all_values[i], all_values[i]
  print "  return 0;\n}"
}
