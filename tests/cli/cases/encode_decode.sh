# What goes in comes out: plain text, other scripts, a special token's text, bytes that are no UTF-8.
round_trip() { ftok encode --vocab ftok-4k --ids | xargs ftok decode --vocab ftok-4k | cmp - "$1" && echo "same: $1"; }
printf 'Nothing is lost.\n\n  Two spaces, a\ttab.' > plain
printf 'Grüße, 世界, привет, 🙂' > scripts
printf 'before <|endoftext|> after' > special
for name in plain scripts special; do round_trip "$name" < "$name"; done
printf 'one two three' | ftok encode --vocab ftok-4k --count
