# Lists of hosts that opt out of a crawler, and what the stage url makes of them.
record() {  # URL BODY
  local block="HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n$2"
  local length; length=$(printf "$block" | wc -c)
  printf "WARC/1.0\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:uuid:$1>\r\nWARC-Date: 2024-05-0$3T00:00:00Z\r\nWARC-Target-URI: https://$1/robots.txt\r\nContent-Type: application/http; msgtype=response\r\nContent-Length: $length\r\n\r\n$block\r\n\r\n"
}
{
  record a.example 'User-agent: GPTBot\nDisallow: /\n' 1
  record b.example 'User-agent: *\nDisallow: /\n' 2
  record c.example 'User-agent: *\nDisallow: /private\n' 3
} > robots.warc
ftok optout build --agent GPTBot --agent CCBot -o lists robots.warc
cat lists/GPTBot.txt
ftok optout build --agent CCBot -o lists robots.warc --json
cat > mine.toml <<'TOML'
stages = ["url", "dedup"]
[url]
lists = []
optout_lists = ["lists/GPTBot.txt"]
[dedup]
minhash = false
TOML
printf '{"id":"1","url":"https://a.example/x","text":"One."}\n{"id":"2","url":"https://c.example/x","text":"Two."}\n' > a.jsonl
ftok run --recipe mine.toml --vocab ftok-4k --input a.jsonl --output labelled --quiet > told
zstd -dcq labelled/parts/000000.text.jsonl.zst | grep -o '"id":"."\|"url_optout":.'
ftok run --recipe mine.toml --set url.optout_drop=true --vocab ftok-4k --input a.jsonl --output dropped --quiet > told
zstd -dcq dropped/parts/000000.rejects.jsonl.zst | grep -o '"id":"."\|"reason":"[^"]*"'
refused() { local code=0; ftok optout build "$@" || code=$?; echo "exit $code"; }
refused --agent 'CC Bot' -o lists robots.warc
refused -o lists robots.warc
