# A page on standard output: the article, without the menu and the script.
cat > page.html <<'HTML'
<html><head><title>Pears</title></head><body>
<nav><ul><li><a href="/a">Home</a></li><li><a href="/b">Contact</a></li></ul></nav>
<article><h1>Pears</h1>
<p>A pear is ready when the flesh near the stalk gives way under your thumb, and not a day before.</p>
<p>Pick it green, keep it in a cool drawer, and look at it every morning as you would at a sleeping child.</p></article>
<script>track("pear")</script></body></html>
HTML
ftok extract page.html
ftok extract --title page.html | head -n 1
