"""Wraps a page's blocks into HTML the way different kinds of site do: what is around the text is what an extractor must remove.

Every layout is a function (site, page, related, meta) -> HTML. `related` are other pages to link to; `meta` is markup for the
head (a charset declaration, or nothing).
"""
import html
import zlib
from collections import namedtuple

from sources import blocks_of

# A site: host, name, owner's line, words of its menu, layout.
Site = namedtuple("Site", "host name about menu layout")


def esc(text):
    return html.escape(text, quote=False)


def number(text, below):
    """A number that depends on the text alone."""
    return zlib.crc32(text.encode()) % below


def inline(text):
    """Escapes; turns a word here and there into a link or emphasis, as authors do."""
    words = esc(text).split(" ")
    if len(words) > 12:
        at = number(text, len(words))
        if words[at].isalpha() and len(words[at]) > 4:
            words[at] = f'<a href="/tag/{words[at].lower()}">{words[at]}</a>' if at % 2 else f"<em>{words[at]}</em>"
    return " ".join(words)


def content(page, heading="h2"):
    """The page's blocks as HTML."""
    out = []
    for kind, block in blocks_of(page.body):
        if kind == "p":
            out.append(f"<p>{inline(block)}</p>")
        elif kind == "h2":
            out.append(f"<{heading}>{esc(block)}</{heading}>")
        elif kind in ("ul", "ol"):
            items = "\n".join(f"  <li>{inline(item)}</li>" for item in block)
            out.append(f"<{kind}>\n{items}\n</{kind}>")
        elif kind == "quote":
            out.append(f"<blockquote><p>{inline(block)}</p></blockquote>")
        elif kind == "table":
            rows = ["<tr>" + "".join(f"<{c}>{esc(cell)}</{c}>" for cell in row) + "</tr>"
                    for i, row in enumerate(block) for c in ("td" if i else "th",)]
            out.append("<table>\n" + "\n".join(rows) + "\n</table>")
        else:
            out.append(f"<pre><code>{esc(block)}</code></pre>")
    return "\n".join(out)


def links(pages):
    return "\n".join(f'<li><a href="/{p.subject}/{p.slug}">{esc(p.title)}</a></li>' for p in pages)


def menu(site):
    return "\n".join(f'<li><a href="/{item.lower().replace(" ", "-")}">{esc(item)}</a></li>' for item in site.menu)


def magazine(site, page, related, meta):
    """A magazine of today: semantic elements, cookie banner, share buttons, newsletter box, structured data."""
    return f"""<!DOCTYPE html>
<html lang="{page.keys.get("lang", "en")}">
<head>
{meta}<title>{esc(page.title)} | {esc(site.name)}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta property="og:site_name" content="{esc(site.name)}">
<meta property="og:title" content="{esc(page.title)}">
<link rel="canonical" href="https://{site.host}/{page.subject}/{page.slug}">
<script type="application/ld+json">{{"@context":"https://schema.org","@type":"Article","headline":"{esc(page.title)}"}}</script>
<style>.banner{{position:fixed;bottom:0}} article p{{max-width:40em}}</style>
</head>
<body>
<div class="cookie-banner" id="cookie-consent" role="dialog"><p>We and our partners use cookies to measure visits.</p>
<button>Accept all</button> <button>Settings</button></div>
<header class="site-header"><a class="logo" href="/">{esc(site.name)}</a>
<nav><ul class="menu">
{menu(site)}
</ul></nav></header>
<main>
<article class="post">
<h1>{esc(page.title)}</h1>
<p class="byline"><span class="author">By the editors</span> <span class="minutes">{number(page.slug, 5) + 2} min read</span></p>
<div class="share"><a href="#">Share</a> <a href="#">Tweet</a> <a href="#">Print</a></div>
<div class="entry-content">
{content(page)}
</div>
</article>
</main>
<aside class="sidebar"><h3>Most read</h3><ul>
{links(related)}
</ul><form class="newsletter"><label>Newsletter</label><input type="email"><button>Sign up</button></form></aside>
<footer class="site-footer"><p>{esc(site.about)}</p><p>All rights reserved. <a href="/imprint">Imprint</a> <a href="/terms">Terms</a></p></footer>
<script>window.dataLayer = window.dataLayer || []; function gtag() {{ dataLayer.push(arguments); }}</script>
</body>
</html>
"""


def blog(site, page, related, meta):
    """A weblog of divs: posts, tags, comments, archive."""
    return f"""<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">
<html xmlns="http://www.w3.org/1999/xhtml">
<head>
{meta}<title>{esc(site.name)}: {esc(page.title)}</title>
<link rel="stylesheet" type="text/css" href="/style.css" />
</head>
<body class="single">
<div id="page"><div id="header"><h1><a href="/">{esc(site.name)}</a></h1><div class="description">{esc(site.about)}</div></div>
<div id="nav"><ul>
{menu(site)}
</ul></div>
<div id="content"><div class="post" id="post-{number(page.slug, 9000)}">
<h2>{esc(page.title)}</h2>
<div class="entry">
{content(page, "h3")}
</div>
<p class="postmetadata">Filed under <a href="/category/{page.subject}">{esc(page.subject)}</a> | <a href="#comments">2 comments</a></p>
</div>
<div id="comments" class="comments"><h3>Comments</h3>
<ol class="commentlist"><li><cite>Marta</cite> says: <p>Lovely, thank you!</p></li><li><cite>Jo</cite> says: <p>First time here.</p></li></ol>
<form action="/comment" method="post"><textarea name="comment"></textarea><input type="submit" value="Submit comment" /></form></div>
</div>
<div id="sidebar"><h2>Recent posts</h2><ul>
{links(related)}
</ul><h2>Archives</h2><ul><li><a href="/archive/5">May</a></li><li><a href="/archive/4">April</a></li></ul></div>
<div id="footer">Proudly powered by patience. <a href="/feed">Entries (RSS)</a></div></div>
</body></html>
"""


def old_table(site, page, related, meta):
    """A page of the nineties: layout tables, font tags, paragraphs that are never closed."""
    body = content(page, "h3").replace("</p>", "")
    cells = "".join(f'<tr><td bgcolor="#ddeeff"><font size="2"><a href="/{m.lower()}.html">{esc(m)}</a></font></td></tr>\n' for m in site.menu)
    return f"""<HTML>
<HEAD>
{meta}<TITLE>{esc(page.title)} - {esc(site.name)}</TITLE>
</HEAD>
<BODY bgcolor="#ffffff" text="#000000" link="#0000cc">
<TABLE width="100%" border=0 cellspacing=0 cellpadding=4>
<TR><TD colspan=2 bgcolor="#003366"><FONT color="#ffffff" size="5"><B>{esc(site.name)}</B></FONT></TD></TR>
<TR valign=top><TD width=140><TABLE border=0>
{cells}</TABLE></TD>
<TD>
<H2>{esc(page.title)}</H2>
{body}
<HR>
<CENTER><FONT size="1">{esc(site.about)}<BR>Best viewed at 800 x 600. You are visitor {number(page.slug, 90000)}.</FONT></CENTER>
</TD></TR></TABLE>
</BODY>
</HTML>
"""


def wiki(site, page, related, meta):
    """An encyclopaedia: table of contents, info box, navigation columns, categories."""
    return f"""<!DOCTYPE html>
<html lang="{page.keys.get("lang", "en")}" dir="ltr">
<head>
{meta}<title>{esc(page.title)} - {esc(site.name)}</title>
<link rel="search" type="application/opensearchdescription+xml" href="/search.xml">
</head>
<body class="mediawiki ltr">
<div id="mw-navigation"><h2>Navigation menu</h2><div id="p-personal"><ul><li><a href="/login">Log in</a></li><li><a href="/new">Create account</a></li></ul></div>
<div id="p-tools"><ul>
{menu(site)}
</ul></div></div>
<div id="content" class="mw-body" role="main">
<h1 id="firstHeading">{esc(page.title)}</h1>
<div id="siteSub">From {esc(site.name)}</div>
<div id="bodyContent"><div id="mw-content-text" class="mw-parser-output">
<table class="infobox"><tr><th colspan="2">At a glance</th></tr><tr><td>Subject</td><td>{esc(page.subject)}</td></tr></table>
{content(page)}
<div class="navbox"><h3>See also</h3><ul>
{links(related)}
</ul></div>
</div>
<div id="catlinks" class="catlinks">Categories: <a href="/Category:{page.subject}">{esc(page.subject)}</a></div>
</div></div>
<div id="footer"><ul><li>{esc(site.about)}</li><li><a href="/disclaimer">Disclaimer</a></li></ul></div>
</body>
</html>
"""


def docs(site, page, related, meta):
    """A documentation site: a side bar of sections, bread crumbs, previous and next."""
    return f"""<!doctype html>
<html lang=en>
<head>
{meta}<title>{esc(page.title)} — {esc(site.name)}</title>
<meta name=generator content="handmade">
</head>
<body>
<div class="navbar"><a href=/>{esc(site.name)}</a><input type=search placeholder="Search"></div>
<div class="container">
<div class="sidenav"><ul>
{menu(site)}
</ul></div>
<section class="doc" role="main">
<ul class="breadcrumbs"><li><a href=/>Home</a></li><li><a href=/{page.subject}>{esc(page.subject)}</a></li><li>{esc(page.title)}</li></ul>
<h1>{esc(page.title)}<a class="headerlink" href="#top" title="Permalink">¶</a></h1>
{content(page)}
<div class="pager"><a href="/{related[0].slug}">Previous</a> <a href="/{related[-1].slug}">Next</a></div>
</section></div>
<footer><small>{esc(site.about)}</small></footer>
<noscript>Some features need scripts.</noscript>
</body>
</html>
"""


def news(site, page, related, meta):
    """A newspaper: ticker, teasers with images between the paragraphs, advertisement slots."""
    body = content(page).split("\n")
    middle = len(body) // 2
    teaser = (f'<div class="ad-slot"><span>Advertisement</span><img src="/ads/{number(page.slug, 99)}.gif" alt=""></div>\n'
              f'<div class="related-inline"><b>Also read:</b> <a href="/{related[0].slug}">{esc(related[0].title)}</a></div>')
    body = "\n".join(body[:middle] + [teaser] + body[middle:])
    return f"""<!DOCTYPE html>
<html>
<head>
{meta}<title>{esc(page.title)} | {esc(site.name)}</title>
<meta name="description" content="{esc(page.title)}: a report by {esc(site.name)}.">
<meta name="author" content="{esc(site.name)} staff">
</head>
<body>
<div id="ticker"><marquee>Weather: bright spells. Ferry: on time. Market: Saturday.</marquee></div>
<div class="masthead"><a href="/">{esc(site.name)}</a></div>
<div class="topnav" role="navigation"><ul>
{menu(site)}
</ul></div>
<div class="story" itemprop="articleBody">
<h1 class="headline">{esc(page.title)}</h1>
<figure><img src="/photo/{page.slug}.jpg" alt="photograph"><figcaption>Photograph: archive.</figcaption></figure>
{body}
</div>
<div class="more"><h4>More stories</h4><ul>
{links(related)}
</ul></div>
<div class="legal">{esc(site.about)} <a href="/contact">Contact</a></div>
</body>
</html>
"""


def plain(site, page, related, meta):
    """Hardly any markup around the text."""
    return f"""<html><head>{meta}<title>{esc(page.title)}</title></head>
<body>
<h1>{esc(page.title)}</h1>
{content(page)}
<p><a href="/">{esc(site.name)}</a></p>
</body></html>
"""


LAYOUTS = {f.__name__: f for f in (magazine, blog, old_table, wiki, docs, news, plain)}

SITES = [
    Site("www.hedgerow-magazine.example", "Hedgerow Magazine", "Hedgerow Magazine is written in a shed near Hollin.",
         ["Nature", "Kitchen", "Garden", "Letters", "Subscribe"], "magazine"),
    Site("notes.kettleandspoon.example", "Kettle and Spoon", "Notes from a small kitchen, since nobody stopped me",
         ["Home", "Recipes", "About me", "Links"], "blog"),
    Site("www.old-almanac.example", "The Old Almanac", "This page is maintained by the Almanac Society.",
         ["Home", "Almanac", "Weather", "Guestbook"], "old_table"),
    Site("en.parish-wiki.example", "Parish Wiki", "Text is available to everyone who asks politely.",
         ["Main page", "Random article", "What links here", "Recent changes"], "wiki"),
    Site("docs.workbench.example", "Workbench Handbook", "Made by people with sawdust in their hair.",
         ["Introduction", "Wood", "Metal", "Paint", "Index"], "docs"),
    Site("harbour-news.example", "The Harbour News", "The Harbour News appears on working days.",
         ["Local", "World", "Sport", "Culture", "Opinion", "Tides"], "news"),
    Site("plain-pages.example", "Plain Pages", "Plain Pages", ["Home"], "plain"),
]
