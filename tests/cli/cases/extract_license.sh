# The licence that a page states, where it stated it, and what a run counts of both.
page() { printf '<html><head><title>Pears</title>%s</head><body><article><p>The keeper of the %s lamp walks to the harbour every morning and back again at night.</p></article>%s</body></html>' "$1" "$2" "$3"; }
page '<link rel="license" href="https://creativecommons.org/licenses/by-sa/4.0/deed.de">' red '' > rel.html
page '<meta name="license" content="https://x.example/terms">' green '' > meta.html
page '' blue '<footer><a href="https://creativecommons.org/publicdomain/zero/1.0/">CC0</a></footer>' > footer.html
page '' white '<p>A picture under <a href="https://creativecommons.org/licenses/by/4.0/">CC BY</a>.</p>' > none.html
ftok extract --jsonl rel.html meta.html footer.html none.html | python3 -c '
import json, sys
for line in sys.stdin:
    page = json.loads(line)
    print(page["id"], page.get("license"), page.get("license_source"))'
ftok extract --metadata rel.html | grep license
