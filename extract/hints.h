// Hints: what the words in an element's class, id, role and itemprop say of its content. Site authors name their boxes; the same
// few dozen words ("sidebar", "comment", "entry-content") tell content from the rest on most of the web (Kohlschuetter et al.,
// WSDM 2010; the patterns of Readability and trafilatura are lists of this kind).
#pragma once

#include <cstdint>
#include <string_view>

namespace ftok::html {

enum Hint : uint8_t {
  kHintContent,     // content, article, post, entry, story, body
  kHintComment,     // comment, disqus, respond
  kHintShare,       // share, social, follow
  kHintRelated,     // related, recommended, popular, trending, more
  kHintNavigation,  // nav, menu, breadcrumb, pager
  kHintFooter,      // footer, copyright, legal
  kHintHeader,      // header, masthead, banner, logo
  kHintSidebar,     // sidebar, aside, widget, rail
  kHintAd,          // ad, advert, promo, sponsor
  kHintConsent,     // cookie, consent, modal, newsletter, login
  kHintMeta,        // byline, author, date, tags, category
  kHintTitle,       // title, headline
  kHintProduct,     // product, price, description, spec
  kHintForum,       // forum, thread, message, reply, answer
  kHintMedia,       // caption, gallery, image, video
  kHintList,        // list, grid, card, teaser, result
  kHintCount
};

// One bit a hint. `value` is a class list, an id or a role; words are told apart at non-letters and at aB, and compared without
// regard to ASCII case.
uint16_t hints_of(std::string_view value);

}  // namespace ftok::html
