# The report: every block once, kept or dropped with a reason, the text escaped, no script of the page.
cat > page.html <<'HTML'
<html lang="en"><head><title>Pears</title><meta name="author" content="Ann Lee"></head><body>
<nav><ul><li><a href="/a">Home</a></li><li><a href="/b">Contact</a></li></ul></nav>
<article><h1>Pears</h1>
<p>A pear is ready when the flesh near the stalk gives way under your thumb, and <b>not a day</b> before.</p>
<ul><li>Pick it green, for on the tree it goes soft from the core.</li><li>Keep it in a cool drawer, apart from the apples.</li></ul>
<p>Look at it <a href="/calendar">every morning</a> as you would at a sleeping child.</p></article>
<script>track("pear")</script></body></html>
HTML
ftok extract --report report.html page.html > text.txt
grep -c 'class="b k"' report.html
grep -c 'class="b d"' report.html
grep -c 'dropped: score below' report.html
grep -c '<script' report.html || true
