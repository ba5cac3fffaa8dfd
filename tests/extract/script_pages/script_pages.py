#!/usr/bin/env python3
"""Pages in Japanese, Chinese, Korean and Thai with what a reader keeps of them: ten layouts met on sites in these
languages, filled with the texts of LANGUAGE.json beside this file. `pages()` yields (name, page, gold); as a program:

  script_pages.py DIR     writes DIR/NAME.html and DIR/NAME.txt

The gold was settled with the layouts: the text of the page's subject without its title, date, author, sharing, related
headlines, rankings, notices of a paywall, profiles and archives.
"""
import json, sys
from pathlib import Path

LANGUAGES = ("ja", "zh", "ko", "th")


class Page:
    """One page being written; `keep` notes what belongs to the gold."""

    def __init__(self, texts):
        self.t, self.gold = texts, []

    def keep(self, text):
        self.gold.append(text)
        return text

    def links(self, texts, item="<li>{}</li>", first=100):
        return "\n".join(item.format(f'<a href="/a/{first + i}.html">{text}</a>') for i, text in enumerate(texts))

    def paragraphs(self, texts, item="<p>{}</p>"):
        return "\n".join(item.format(self.keep(text)) for text in texts)

    def whole(self, title, body, head=""):
        t = self.t
        return (f'<!DOCTYPE html>\n<html lang="{t["lang"]}"><head><meta charset="utf-8"><title>{title} - {t["site"]}</title>\n'
                f'{head}</head>\n<body>\n{body}\n</body></html>\n')

    def footer(self, box='<div class="ft">{}</div>'):
        return box.format(" | ".join(f'<a href="#">{x}</a>' for x in self.t["footer"]) + f'<p>{self.t["copyright"]}</p>')


def news_portal(p):
    """A portal's own article view: hashed class names, headlines within the text, a ranking beside it."""
    t, n, h = p.t, p.t["news"], p.t["headlines"]
    nav = p.links(t["menu"], '<li class="sc-1vx0c4z-2 hGyTk">{}</li>', 1)
    related = p.links(h[:3], '<li class="sc-1wt2k8i-3 dRbQPl">{}</li>')
    ranking = "".join(f'<li class="sc-ebuoyl-1 kAhQeu"><a href="/r/{i}"><span>{i + 1}</span><p>{x}</p><time>{6 + i}/14(3)</time></a></li>'
                      for i, x in enumerate(h[3:10]))
    head = p.paragraphs(n["text"][:2], '<p class="sc-54nboa-0 deLyrJ yjSlinkDirectlink highLightSearchTarget">{}</p>')
    rest = p.paragraphs(n["text"][2:], '<p class="sc-54nboa-0 deLyrJ yjSlinkDirectlink highLightSearchTarget">{}</p>')
    share = p.links(t["share"], '<li class="sc-kgoq6p-1">{}</li>', 900)
    return p.whole(n["title"], f'''<div id="wrapper"><header class="sc-gz8a3k-0"><a href="/">{t["site"]}</a>
<form><input><button>{t["search"]}</button></form><a href="/login">{t["login"]}</a><ul>{nav}</ul></header>
<div id="contentsWrap"><main class="sc-1rrsx8m-0"><article class="sc-1rg9e3k-2 gdFsZR"><header><h1 class="sc-1rg9e3k-4">{n["title"]}</h1>
<div class="sc-1rg9e3k-6"><time>{n["date"]}</time> <a href="#c">{t["comments"]}</a></div><ul class="sc-kgoq6p-0">{share}</ul></header>
<div class="sc-1rg9e3k-9 article_body">{head}<div class="sc-1wt2k8i-0"><h2>{t["related"]}</h2><ul>{related}</ul></div>{rest}</div>
<footer><a href="/media">{t["site"]}</a><p>{t["app"]}</p></footer></article>
<section class="sc-9r2w-0"><h2>{t["ranking"]}</h2><ol>{ranking}</ol><a href="/ranking">{t["more"]}</a></section></main>
<div id="yjnSub" class="sc-1dyzt9x-0"><h2>{t["latest"]}</h2><ul>{p.links(h[6:], first=300)}</ul></div></div>{p.footer('<div class="sc-foot">{}</div>')}</div>''')


def news_table(p):
    """A site of the years of tables and centred columns; the editor's line and the further reading end the text."""
    t, n, h = p.t, p.t["news"], p.t["headlines"]
    text = "".join(f"<p>　　{p.keep(x)}</p>\n" for x in n["text"])
    hot = "".join(f'<tr><td width="20">{i + 1}</td><td class="f14"><a href="/{i}.shtml">{x}</a></td></tr>' for i, x in enumerate(h[4:12]))
    return p.whole(n["title"], f'''<div class="nav w1000">{" ".join(f'<a href="/c{i}">{x}</a>' for i, x in enumerate(t["menu"]))}</div>
<table width="950" align="center"><tr><td class="path">{" &gt; ".join(t["breadcrumb"])}</td></tr></table>
<table width="950" align="center" cellpadding="0"><tr><td width="640" valign="top">
<table width="620"><tr><td align="center"><h1 id="artibodyTitle">{n["title"]}</h1></td></tr>
<tr><td align="center" class="lh15">{n["date"]}　{t["site"]}　{n["by"]}　<a href="#pl">{t["comments"]}</a></td></tr>
<tr><td class="l17" id="artibody"><center><img src="1.jpg" alt=""></center>
{text}<p align="right">{t["editor"]}</p></td></tr></table>
<div class="xgwz"><strong>{t["related"]}</strong><ul>{p.links(h[:5], "<li>·{}</li>")}</ul></div>
<div class="share">{" ".join(f'<a href="#">{x}</a>' for x in t["share"])}</div></td>
<td width="300" valign="top"><table class="hot"><tr><th colspan="2">{t["ranking"]}</th></tr>{hot}</table>
<div class="ad"><a href="http://ad.example/1"><img src="ad.gif"></a></div></td></tr></table>{p.footer('<div class="footer" align="center">{}</div>')}''')


def news_locked(p):
    """Two paragraphs before a paywall, and more headlines than text."""
    t, n, h = p.t, p.t["short"], p.t["headlines"]
    cards = "".join(f'<div class="card"><a href="/n/{i}"><img src="{i}.jpg" alt=""><h3 class="card__title">{x}</h3></a><span class="card__date">6/{i + 1}</span></div>'
                    for i, x in enumerate(h))
    return p.whole(n["title"], f'''<header class="gnav"><a class="logo" href="/">{t["site"]}</a><nav><ul>{p.links(t["menu"], first=1)}</ul></nav><a class="btn" href="/l">{t["login"]}</a></header>
<div class="l-main"><div class="c-article"><p class="c-bread">{" &gt; ".join(f'<a href="/b">{x}</a>' for x in t["breadcrumb"])}</p>
<h1 class="c-article__ttl">{n["title"]}</h1><p class="c-article__date">{p.t["news"]["date"]}</p>
<div class="c-article__txt">{p.paragraphs(n["text"])}</div>
<div class="c-lock"><p class="c-lock__rest">{n["rest"]}</p><p>{n["paywall"]}</p><a class="btn" href="/join">{t["readmore"]}</a><a href="/l">{t["login"]}</a></div>
<ul class="c-sns">{p.links(t["share"], first=900)}</ul></div>
<div class="c-rel"><h2>{t["related"]}</h2>{cards}</div>
<div class="c-rank"><h2>{t["ranking"]}</h2><ol>{p.links(h[2:7])}</ol></div><div class="c-mail"><p>{t["newsletter"]}</p><input type="email"><button>OK</button></div></div>
{p.footer('<footer>{}</footer>')}''')


def blog_wordpress(p):
    """A theme with widgets: profile, recent posts, archive, categories."""
    t, b, h = p.t, p.t["blog"], p.t["headlines"]
    items = "".join(f"<li>{p.keep(x)}</li>" for x in b["list"])
    text = p.paragraphs(b["text"][:2]) + f"<ul>{items}</ul>" + p.paragraphs(b["text"][2:] + [b["last"]])
    p.gold = b["text"][:2] + b["list"] + b["text"][2:] + [b["last"]]
    comments = "".join(f'<li class="comment"><cite>{t["thread"]["users"][i]}</cite> <time>{t["news"]["date"]}</time><p>{x}</p><a href="#r">{t["thread"]["reply"]}</a></li>'
                       for i, x in enumerate(t["commenttexts"]))
    return p.whole(b["title"], f'''<div id="page" class="site"><header class="site-header"><p class="site-title"><a href="/">{t["site"]}</a></p>
<nav class="main-navigation"><ul>{p.links(t["menu"][:5], first=1)}</ul></nav></header><div id="content" class="site-content"><main id="main">
<article id="post-12" class="post type-post hentry"><header class="entry-header"><h1 class="entry-title">{b["title"]}</h1><div class="entry-meta">{t["news"]["date"]} / <a href="/cat">{t["category"]}</a></div></header>
<div class="entry-content">{text}</div><footer class="entry-footer">{t["category"]}: <a href="/cat">{t["menu"][6]}</a></footer></article>
<nav class="post-navigation"><a href="/p">← {h[0]}</a><a href="/n">{h[1]} →</a></nav>
<div class="related-posts"><h3>{t["related"]}</h3><ul>{p.links(h[2:6])}</ul></div>
<div id="comments"><h2>{t["comments"]}</h2><ol>{comments}</ol></div></main>
<aside id="secondary"><section class="widget"><h2>{t["profile"]}</h2><p>{t["profiletext"]}</p></section><section class="widget widget_recent_entries"><h2>{t["latest"]}</h2><ul>{p.links(h[4:9])}</ul></section>
<section class="widget widget_archive"><h2>{t["archive"]}</h2><ul>{p.links(t["months"])}</ul></section><section class="widget"><p>{t["newsletter"]}</p></section></aside></div>{p.footer('<footer class="site-footer">{}</footer>')}</div>''')


def blog_platform(p):
    """A blog host's editor: every line in boxes of its own, line breaks for paragraphs, the author's card and popular posts."""
    t, b, h = p.t, p.t["blog"], p.t["headlines"]
    def module(text):
        return f'''<div class="se-component se-text se-l-default"><div class="se-component-content"><div class="se-section"><div class="se-module se-module-text">
<p class="se-text-paragraph se-text-paragraph-align-center"><span class="se-fs- se-ff-">{p.keep(text)}</span></p><p class="se-text-paragraph"><span>&#8203;</span></p></div></div></div></div>'''
    text = "".join(map(module, b["text"])) + "".join(map(module, b["list"] + [b["last"]]))
    return p.whole(b["title"], f'''<div id="head-skin"><a href="/">{t["site"]}</a> {" ".join(f'<a href="/m{i}">{x}</a>' for i, x in enumerate(t["menu"][:4]))}</div>
<table id="blog-table"><tr><td id="left-area"><div id="blog-profile"><strong>{t["thread"]["users"][0]}</strong><p>{t["profiletext"]}</p><a href="/pf">{t["profile"]} ▶</a></div>
<div class="category-list"><h3>{t["category"]}</h3><ul>{p.links(t["menu"][3:])}</ul></div><div><h3>{t["archive"]}</h3><ul>{p.links(t["months"])}</ul></div></td>
<td id="content-area"><div id="post-area"><div class="se-viewer se-theme-default"><div class="se-component se-documentTitle"><div class="pcol1"><p class="se-text-paragraph"><span>{b["title"]}</span></p></div><span class="nick">{t["thread"]["users"][0]}</span> <span class="se_publishDate">{t["news"]["date"]}</span></div>
<div class="se-main-container">{text}</div></div><div class="post_footer_contents"><a href="#tag">#{t["menu"][6]}</a> <a href="#tag">#{t["menu"][7]}</a></div>
<div class="area_sympathy">{t["qa"]["thanks"]} <a href="#c">{t["comments"]}</a> <a href="#s">{t["share"][0]}</a></div>
<div class="wrap_blog2_list"><h4>{t["latest"]}</h4><table>{"".join(f'<tr><td><a href="/{i}">{x}</a></td><td>2021. 6. {i + 1}.</td></tr>' for i, x in enumerate(h[:6]))}</table></div></div></td></tr></table>{p.footer()}''')


def forum(p):
    """A board of tables: the author's figures beside every post, replies in turn, other threads below."""
    t, f, h = p.t, p.t["thread"], p.t["headlines"]
    def post(i, text):
        stats = "".join(f"<dl><dt>{name}</dt><dd>{(i + 3) * 17}</dd></dl>" for name in f["stats"])
        return f'''<div id="post_{i}"><table class="plhin" id="pid{i}"><tr><td class="pls" rowspan="2"><div class="authi"><a href="/u{i}">{f["users"][i]}</a></div><div class="avatar"><img src="u{i}.png"></div>{stats}</td>
<td class="plc"><div class="pi"><strong><a href="#{i}">{i + 1}#</a></strong><em>{f["meta"]} 2021-6-{14 + i} 09:3{i}</em></div><div class="pct"><div class="t_fsz"><table><tr><td class="t_f" id="postmessage_{i}">
{p.keep(text)}<br></td></tr></table></div></div></td></tr><tr><td class="plc plm"><div class="po"><a href="#">{f["reply"]}</a> <a href="#">{f["quote"]}</a></div></td></tr></table></div>'''
    posts = "".join(post(i, x) for i, x in enumerate(f["posts"]))
    return p.whole(f["title"], f'''<div id="hd"><div class="wp"><h2><a href="/">{t["site"]}</a></h2><div id="nv"><ul>{p.links(t["menu"], first=1)}</ul></div></div></div>
<div id="wp" class="wp"><div id="pt"><div class="z">{" › ".join(f'<a href="/b">{x}</a>' for x in t["breadcrumb"])}</div></div><div id="ct" class="wp cl"><div class="pgs"><a class="nxt" href="?page=2">2</a></div>
<div id="postlist" class="pl bm"><table><tr><td class="pls">{t["views"]}</td><td class="plc"><h1 class="ts"><span id="thread_subject">{f["title"]}</span></h1></td></tr></table>{posts}</div>
<div class="bm"><h3>{t["latest"]}</h3><ul>{p.links(h[:8])}</ul></div></div></div>{p.footer('<div id="ft" class="wp">{}</div>')}''')


def questions(p):
    """A question with the best answer and another; questions like it beside them."""
    t, q, h = p.t, p.t["qa"], p.t["headlines"]
    def answer(i, text, label):
        return f'''<div class="ClapLv1AnswerItem_{i}xA3"><p class="label">{label}</p><div class="user"><img src="a.png"><a href="/u">{t["thread"]["users"][i + 1]}</a><p>2021/6/{14 + i} 12:0{i}</p></div>
<div class="AnswerItem_text__{i}b2f">{p.keep(text)}</div><button>{q["thanks"]}</button></div>'''
    question = p.keep(q["question"])
    answers = answer(0, q["answers"][0], q["best"]) + f'<h2>{q["other"]}</h2>' + answer(1, q["answers"][1], "")
    return p.whole(q["title"], f'''<div id="msthd"><a href="/">{t["site"]}</a><input><button>{t["search"]}</button></div><div class="bread">{" &gt; ".join(f'<a href="/b">{x}</a>' for x in t["breadcrumb"])}</div>
<div id="Main"><div class="Question"><div class="user"><a href="/u9">{t["thread"]["users"][0]}</a><p>2021/6/13 23:10</p></div><h1 class="QuestionTitle">{q["title"]}</h1>
<div class="QuestionText"><p>{question}</p></div><p class="tags"><a href="/t">{t["menu"][6]}</a></p><p>{t["views"]}</p></div>{answers}
<div class="Related"><h2>{q["related"]}</h2><ul>{p.links([x + "?" for x in h[:6]])}</ul></div></div>
<div id="Sub"><h3>{t["ranking"]}</h3><ol>{p.links(h[6:])}</ol></div>{p.footer()}''')


def encyclopaedia(p):
    """MediaWiki: box of facts, table of contents, edit links, footnotes, categories."""
    t, w = p.t, p.t["wiki"]
    box = "".join(f"<tr><th>{p.keep(a)}</th><td>{p.keep(b)}</td></tr>" for a, b in w["box"])
    def section(name, text):
        return f'<h2><span class="mw-headline" id="{name}">{p.keep(name)}</span><span class="mw-editsection"><span>[</span><a href="/e">{w["edit"]}</a><span>]</span></span></h2><p>{p.keep(text)}<sup class="reference"><a href="#n1">[1]</a></sup></p>'
    intro = "".join(f"<p>{p.keep(x)}</p>" for x in w["intro"])
    sections = section(w["h1"], w["p1"]) + section(w["h2"], w["p2"])
    return p.whole(w["title"], f'''<div id="content" class="mw-body"><h1 id="firstHeading">{w["title"]}</h1><div id="bodyContent"><div id="siteSub">{t["site"]}</div>
<div id="mw-content-text"><div class="mw-parser-output"><table class="infobox"><caption>{w["title"]}</caption>{box}</table>{intro}
<div id="toc" class="toc"><h2>{w["toc"]}</h2><ul><li><a href="#1">1 {w["h1"]}</a></li><li><a href="#2">2 {w["h2"]}</a></li><li><a href="#3">3 {w["refs"]}</a></li></ul></div>
{sections}<h2><span class="mw-headline">{w["refs"]}</span></h2><ol class="references"><li id="n1">{w["ref"]}</li></ol></div></div>
<div id="catlinks"><a href="/cat">{w["cats"]}</a>: <ul>{p.links(t["breadcrumb"])}</ul></div></div></div>
<div id="mw-navigation"><ul>{p.links(t["menu"], first=1)}</ul></div>{p.footer('<div id="footer">{}</div>')}''')


def shop(p):
    """A product: description and facts, then what else is sold, and what buyers said."""
    t, s = p.t, p.t["shop"]
    text = "".join(f"<p>{p.keep(x)}</p>" for x in s["desc"])
    spec = "".join(f"<tr><th>{p.keep(a)}</th><td>{p.keep(b)}</td></tr>" for a, b in s["spec"])
    reviews = "".join(f'<li class="review"><span>★★★★★</span><p>{x}</p></li>' for x in s["reviews"])
    return p.whole(s["title"], f'''<div class="header"><a href="/">{t["site"]}</a><ul class="gnav">{p.links(t["menu"][:6], first=1)}</ul></div><div class="topicpath">{" &gt; ".join(f'<a href="/b">{x}</a>' for x in t["breadcrumb"])}</div>
<div class="item-detail"><div class="item-photo"><img src="1.jpg" alt="{s["title"]}"></div><div class="item-info"><h1>{s["title"]}</h1><p class="price">{s["price"]}</p><form><select><option>1<option>2</select><button>{s["cart"]}</button></form></div>
<div class="item-description">{text}<table class="spec">{spec}</table></div></div>
<div class="reviews"><h2>{s["review"]}</h2><ul>{reviews}</ul></div><div class="recommend"><h2>{s["also"]}</h2><ul>{p.links(s["items"])}</ul></div>{p.footer()}''')


def notice(p):
    """An office's notice: a table of dates, the contact, menus of departments."""
    t, n, h = p.t, p.t["notice"], p.t["headlines"]
    text = p.paragraphs(n["text"][:1])
    rows = "".join("<tr>" + "".join(f"<{'th' if i == 0 else 'td'}>{p.keep(c)}</{'th' if i == 0 else 'td'}>" for c in row) + "</tr>" for i, row in enumerate(n["table"]))
    rest = p.paragraphs(n["text"][1:]) + f'<p>{p.keep(n["contact"])}</p>'
    return p.whole(n["title"], f'''<div id="header"><p id="logo"><a href="/">{t["site"]}</a></p><ul id="globalnavi">{p.links(t["menu"], first=1)}</ul></div>
<div id="pankuzu">{" &gt; ".join(f'<a href="/b">{x}</a>' for x in t["breadcrumb"])}</div><div id="contents"><h1>{n["title"]}</h1><p class="update">{t["news"]["date"]}</p>
<div class="boxEntryFree">{text}<table border="1">{rows}</table>{rest}</div></div>
<div id="localnavi"><h2>{t["category"]}</h2><ul>{p.links(h[:7])}</ul></div>{p.footer('<div id="footer">{}</div>')}''')


LAYOUTS = (news_portal, news_table, news_locked, blog_wordpress, blog_platform, forum, questions, encyclopaedia, shop, notice)


def pages():
    for language in LANGUAGES:
        texts = json.loads((Path(__file__).parent / f"{language}.json").read_text(encoding="utf-8"))
        for layout in LAYOUTS:
            page = Page(texts)
            html = layout(page)
            yield f"{language}_{layout.__name__}", html, "\n".join(page.gold)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, html, gold in pages():
        (folder / f"{name}.html").write_text(html, encoding="utf-8")
        (folder / f"{name}.txt").write_text(gold + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
