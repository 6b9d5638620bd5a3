#!/bin/sh
# grok1 tokenize: ids, pieces, and back to the same bytes.
. "$(dirname "$0")/check.sh"
demo=$data/demo-model

# The prompt's ids are given in the demo model's README, made with SentencePiece.
exits 0 "$grok1" tokenize -m "$demo" -p "It is a truth universally acknowledged, that"
[ "$(cat "$work/out")" = "642 419 312 1953 523 1986 1231 613 1864 789 833 1999 387" ] || die "ids: $(cat "$work/out")"
exits 0 "$grok1" tokenize -m "$demo/tokenizer.model" -p ""
[ "$(wc -c <"$work/out")" -eq 1 ] || die "an empty text has no ids"

round_trip() {
  "$grok1" tokenize -m "$demo" --file "$1" >"$work/ids"
  [ "$(wc -l <"$work/ids")" -eq 1 ] || die "$1: ids are not on one line"
  "$grok1" tokenize -m "$demo/tokenizer.model" --decode --file "$work/ids" >"$work/back"
  cmp "$1" "$work/back" || die "$1 did not come back"
  "$grok1" tokenize -m "$demo" --decode <"$work/ids" | cmp - "$1" || die "$1 did not come back through stdin"
  "$grok1" tokenize -m "$demo" <"$1" | cmp - "$work/ids" || die "$1 has other ids through stdin"
  "$grok1" tokenize -m "$demo" --pieces --file "$1" >"$work/pieces"
  [ "$(wc -l <"$work/pieces")" -eq "$(wc -w <"$work/ids")" ] || die "$1: not one piece a line"
  ! grep -qv '^".*"$' "$work/pieces" || die "$1: a piece is no JSON string"
}
round_trip "$demo/sample.txt"
printf 'no newline at the end' >"$work/text"
round_trip "$work/text"
printf 'tab\tquote " backslash \\ NUL \000 h\303\251llo \346\227\245\346\234\254 \360\237\232\200\r\n\n\n   ' >"$work/text"
round_trip "$work/text"

exits 3 "$grok1" tokenize -m "$demo" --decode --file "$demo/sample.txt"
says "byte"
echo "5 99999" >"$work/ids"
exits 3 "$grok1" tokenize -m "$demo" --decode --file "$work/ids"
says "byte 2"

# A reader that goes away ends the command without a word.
yes "a truth universally acknowledged" | head -c 3000000 >"$work/text"
{ "$grok1" tokenize -m "$demo" --pieces --file "$work/text" 2>"$work/err" || true; } | head -n 1 >"$work/out"
[ ! -s "$work/err" ] || die "a broken pipe was announced: $(cat "$work/err")"
