# Reads a C header into `text`; bare(text) is what is left of it without comments and directives.
{ text = text $0 "\n" }

function bare(s,    out, at, rest, n, lines, i) {
  out = ""
  while ((at = index(s, "/*")) > 0) {
    out = out substr(s, 1, at - 1) " "
    rest = substr(s, at + 2)
    s = substr(rest, index(rest, "*/") + 2)
  }
  n = split(out s, lines, "\n")
  out = ""
  for (i = 1; i <= n; ++i) {
    if (continued || lines[i] ~ /^[ \t]*#/) {
      continued = lines[i] ~ /\\$/
    } else {
      out = out " " lines[i]
    }
  }
  return out
}
