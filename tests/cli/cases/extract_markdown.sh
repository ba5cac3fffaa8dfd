# Markdown: the title, emphasis, lists and, on request, links.
cat > page.html <<'HTML'
<html lang="en"><head><title>Pears</title><meta name="author" content="Ann Lee"></head><body>
<nav><ul><li><a href="/a">Home</a></li><li><a href="/b">Contact</a></li></ul></nav>
<article><h1>Pears</h1>
<p>A pear is ready when the flesh near the stalk gives way under your thumb, and <b>not a day</b> before.</p>
<ul><li>Pick it green, for on the tree it goes soft from the core.</li><li>Keep it in a cool drawer, apart from the apples.</li></ul>
<p>Look at it <a href="/calendar">every morning</a> as you would at a sleeping child.</p></article>
<script>track("pear")</script></body></html>
HTML
ftok extract --markdown --links page.html
